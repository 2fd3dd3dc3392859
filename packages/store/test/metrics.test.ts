import { describe, expect, test } from 'vitest';
import { createCallMetrics } from '../src/call-metrics.ts';
import { createMetrics } from '../src/metrics.ts';
import { countsOf, createPrometheus, prometheusText } from '../src/prometheus.ts';
import { attempt, entry } from './support.ts';

/** Lines of one metric. */
function linesOf(text: string, name: string): string[] {
  return text.split('\n').filter((line) => line.startsWith(name));
}

describe('metrics', () => {
  test('are told in the text format, with what every process tells', async () => {
    const metrics = createMetrics();
    const calls = createCallMetrics(metrics);
    metrics.gauge('standin_open_calls', 'Calls.', [], () => [[3]]);
    calls.ended(entry({ costNanoUsd: 1_500_000_000, firstContentMs: 12 }));
    calls.ended(entry({ outcome: 'failed', status: 502, errorKind: 'server', attempts: [] }));
    const text = await createPrometheus(metrics).text();
    expect(linesOf(text, 'standin_requests_total{')).toEqual([
      'standin_requests_total{protocol="openai-chat",mode="whole",outcome="ok",error=""} 1',
      'standin_requests_total{protocol="openai-chat",mode="whole",outcome="failed",error="server"} 1',
    ]);
    expect(text).toContain('standin_first_content_seconds_bucket{provider="openai.main",model="model-a",le="0.025"} 1');
    expect(text).toContain('standin_first_content_seconds_count{provider="openai.main",model="model-a"} 1');
    expect(text).toContain('standin_cost_usd_total{provider="openai.main",model="model-a"} 1.5');
    expect(text).toContain('# TYPE standin_request_duration_seconds histogram');
    expect(linesOf(text, 'standin_open_calls')).toEqual(['standin_open_calls 3']);
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  });

  test('of several processes are one: counts add up, also those of one that died', async () => {
    const process = (calls: number, delay: number) => {
      const metrics = createMetrics();
      const log = createCallMetrics(metrics);
      for (let i = 0; i < calls; i++) log.ended(entry());
      metrics.gauge('open', 'Open.', [], () => [[1]]);
      metrics.gauge('delay', 'Delay.', [], () => [[delay]], 'max');
      return createPrometheus(metrics).snapshot();
    };
    const [one, two, dead] = await Promise.all([process(2, 5), process(3, 9), process(10, 100)]);
    const text = await prometheusText([one, two, countsOf(dead)]);
    expect(text).toContain('standin_requests_total{protocol="openai-chat",mode="whole",outcome="ok",error=""} 15');
    expect(text).toContain('standin_request_duration_seconds_count{protocol="openai-chat",mode="whole"} 15');
    expect(linesOf(text, 'open')).toEqual(['open 2']);
    expect(linesOf(text, 'delay')).toEqual(['delay 9']);
  });

  test("are counted under other programs' names too, when they are asked for", async () => {
    const metrics = createMetrics();
    const log = createCallMetrics(metrics, ['zeroclaw', 'zeptoclaw']);
    log.ended(entry({ attempts: [attempt({ outcome: 'server', usage: undefined }), attempt({ attempt: 2 })] }));
    const text = await createPrometheus(metrics).text();
    expect(linesOf(text, 'zeroclaw_llm_requests_total{')).toEqual([
      'zeroclaw_llm_requests_total{model_provider="openai.main",model="model-a",success="false"} 1',
      'zeroclaw_llm_requests_total{model_provider="openai.main",model="model-a",success="true"} 1',
    ]);
    expect(text).toContain('zeroclaw_tokens_input_total{model_provider="openai.main",model="model-a"} 100');
    expect(text).toContain('zeroclaw_request_latency_seconds_count 1');
    expect(text).toContain('zeroclaw_tokens_used_last 120');
    expect(text).toContain('zeptoclaw_tokens_output_total 20');
  });

  test('have a bound: names beyond it count as other', async () => {
    const metrics = createMetrics();
    const counter = metrics.counter('names_total', 'Names.', ['name']);
    for (let i = 0; i < 600; i++) counter.add(1, `n${i}`);
    const lines = linesOf(await createPrometheus(metrics).text(), 'names_total{');
    expect(lines.length).toBe(501);
    expect(lines.at(-1)).toBe('names_total{name="other"} 100');
  });
});
