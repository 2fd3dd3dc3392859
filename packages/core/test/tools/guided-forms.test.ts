import { describe, expect, it } from 'vitest';
import { seededRandom } from '../testkit/cuts.ts';
import { answer, shape } from './guided-support.ts';

const WEATHER = '{"name": "get_weather", "arguments": {"city": "Paris"}}';
const CALL = ['get_weather', '{"city": "Paris"}'];

/** Text of the model → what the caller sees. */
const FORMS: readonly (readonly [what: string, text: string, seen: readonly unknown[]])[] = [
  ['the form that was asked for', `Let me look.\n<tool_call>\n${WEATHER}\n</tool_call>`, ['Let me look.', CALL]],
  [
    'several calls with text between and after',
    `<tool_call>${WEATHER}</tool_call>\nand\n<tool_call>${WEATHER}</tool_call>\ndone`,
    [CALL, 'and', CALL, 'done'],
  ],
  ...[
    'tool_calls',
    'toolcall',
    'tool-call',
    'tools',
    'invoke',
    'minimax:tool_call',
    'minimax:toolcall',
    'TOOL_CALL',
  ].map((tag) => [`the tag ${tag}`, `a <${tag}>${WEATHER}</${tag}> b`, ['a', CALL, 'b']] as const),
  ['another closing tag', `<tool_call>${WEATHER}</invoke> b`, [CALL, 'b']],
  ['no closing tag', `<tool_call>${WEATHER}\nThat was it.`, [CALL, 'That was it.']],
  ['no closing tag before the next call', `<tool_call>${WEATHER}\n<tool_call>${WEATHER}</tool_call>`, [CALL, CALL]],
  ['a second closing tag', `<tool_call>${WEATHER}</tool_call></tool_call> b`, [CALL, 'b']],
  ['tags within tags', `<tool_calls><tool_call>${WEATHER}</tool_call></tool_calls>`, [CALL]],
  ['a list of calls', `<tool_calls>[${WEATHER}, ${WEATHER}]</tool_calls>`, [CALL, CALL]],
  ['prose around the JSON', `<tool_call>I call ${WEATHER} now</tool_call>`, [CALL]],
  ['attributes on the tag', `<tool_call id="1">${WEATHER}</tool_call>`, [CALL]],
  [
    'a closing tag inside an argument',
    '<tool_call>{"name":"search","arguments":{"query":"what is </tool_call>?"}}</tool_call> b',
    [['search', '{"query":"what is </tool_call>?"}'], 'b'],
  ],
  [
    'the function shape',
    '<tool_call>{"function":{"name":"search","arguments":"{\\"query\\": \\"x\\"}"}}</tool_call>',
    [['search', '{"query": "x"}']],
  ],
  ['no arguments', '<tool_call>{"name":"now"}</tool_call>', [['now', '{}']]],
  [
    'a lone argument',
    '<tool_call>{"name":"shell","arguments":"ls -la"}</tool_call>',
    [['shell', '{"command": "ls -la"}']],
  ],
  [
    'a missing brace',
    '<tool_call>{"name":"search","arguments":{"query":"x"}</tool_call>',
    [['search', '{"query":"x"}']],
  ],
  [
    'trailing commas',
    '<tool_call>{"name":"search","arguments":{"query":"x",},}</tool_call>',
    [['search', '{"query":"x"}']],
  ],
  [
    'single quotes',
    "<tool_call>{'name': 'search', 'arguments': {'query': 'x'}}</tool_call>",
    [['search', '{"query":"x"}']],
  ],
  [
    'raw line breaks in a string',
    '<tool_call>{"name":"write_file","arguments":{"path":"a","content":"1\n2"}}</tool_call>',
    [['write_file', '{"path":"a","content":"1\\n2"}']],
  ],
  [
    'unescaped quotes in a string',
    '<tool_call>{"name":"search","arguments":{"query":"the "best" one"}}</tool_call> b',
    [['search', '{"query":"the \\"best\\" one"}'], 'b'],
  ],
  [
    'an odd unescaped quote in a string',
    '<tool_call>{"name":"search","arguments":{"query":"24" screen"}}</tool_call> b',
    [['search', '{"query":"24\\" screen"}'], 'b'],
  ],
  [
    'invoke with parameters',
    '<invoke name="get_weather"><parameter name="city">Rome</parameter><parameter name="days">3</parameter></invoke> b',
    [['get_weather', '{"city": "Rome", "days": 3}'], 'b'],
  ],
  [
    'several invokes in one envelope',
    '<minimax:tool_call>\n<invoke name="now">\n</invoke>\n<invoke name="shell">\n<parameter name="command">\nls\n</parameter>\n</invoke>\n</minimax:tool_call>',
    [
      ['now', '{}'],
      ['shell', '{"command": "ls"}'],
    ],
  ],
  [
    'function and parameter tags with the name inside',
    '<tool_call>\n<function=write_file>\n<parameter=path>\na.txt\n</parameter>\n<parameter=content>\n1\n2\n</parameter>\n</function>\n</tool_call>',
    [['write_file', '{"path": "a.txt", "content": "1\\n2"}']],
  ],
  [
    'keys and values in tags',
    '<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Bern</arg_value>\n<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>',
    [['get_weather', '{"city": "Bern", "days": 2}']],
  ],
  [
    'the tool as a tag',
    '<tool_call><get_weather><city>Bonn</city></get_weather></tool_call>',
    [['get_weather', '{"city": "Bonn"}']],
  ],
  [
    'the tool as a tag around JSON',
    '<tool_call><search>{"query":"x"}</search></tool_call>',
    [['search', '{"query":"x"}']],
  ],
  [
    'name and arguments in tags',
    '<tool_call><name>search</name><arguments>{"query":"x"}</arguments></tool_call>',
    [['search', '{"query":"x"}']],
  ],
  ['tool>value', '<tool_call>shell>ls -la</tool_call>', [['shell', '{"command": "ls -la"}']]],
  [
    'tool key="v"',
    '<tool_call>get_weather city="Oslo" days="4"</tool_call>',
    [['get_weather', '{"city": "Oslo", "days": 4}']],
  ],
  ['tool(args)', '<tool_call>search("hello")</tool_call>', [['search', '{"query": "hello"}']]],
  [
    'tool(key=value)',
    '<tool_call>get_weather(city="Oslo", days=2)</tool_call>',
    [['get_weather', '{"city": "Oslo", "days": 2}']],
  ],
  [
    'lines of key: value',
    '<tool_call>write_file\npath: a\ncontent: b c\nmore</tool_call>',
    [['write_file', '{"path": "a", "content": "b c\\nmore"}']],
  ],
  ...['tool_call', 'toolcall', 'tool-call', 'invoke'].map(
    (word) => [`the fence ${word}`, `x\n\`\`\`${word}\n${WEATHER}\n\`\`\`\nok`, ['x', CALL, 'ok']] as const,
  ),
  ['a fence that names the tool', '```tool get_weather\n{"city": "Paris"}\n```', [CALL]],
  ['a fence closed by a tag', `\`\`\`tool_call\n${WEATHER}\n</tool_call>\n\`\`\``, [CALL]],
  [
    'arrows in brackets',
    '[TOOL_CALL]{tool => "get_weather", args => {--city "Nice" --days 2}}[/TOOL_CALL] b',
    [['get_weather', '{"city": "Nice", "days": 2}'], 'b'],
  ],
  [
    'FunctionCall',
    '<FunctionCall>get_weather<code>city>Lyon</code></FunctionCall>',
    [['get_weather', '{"city": "Lyon"}']],
  ],
  ['a line tool/param>value', 'text\nshell/command>ls\nmore', ['text', ['shell', '{"command": "ls"}'], 'more']],
  ['a line tool/{json}', 'search/{"query":\n"a"} b', [['search', '{"query":\n"a"}'], 'b']],
  ['a whole answer of one call', WEATHER, [CALL]],
  ['a whole answer of a list', `[${WEATHER}]`, [CALL]],
  [
    'a whole answer in the shape of a response',
    '{"content": "hey", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}',
    ['hey', ['now', '{}']],
  ],
  [
    'thinking before the call',
    `<think>maybe ${WEATHER}</think>\n\n<tool_call>${WEATHER}</tool_call>`,
    [{ think: `maybe ${WEATHER}` }, CALL],
  ],
  ['an end marker behind the call', `<tool_call>${WEATHER}</tool_call>\n<|eom|>`, [CALL]],
  ['an end marker behind text', 'Done.<eom>', ['Done.']],
];

describe('calls written as text', () => {
  it.each(FORMS)('%s', (_what, text, seen) => {
    const response = answer(text);
    expect(shape(response)).toEqual(seen);
    expect(response.warnings).toEqual([]);
    const called = seen.some((part) => Array.isArray(part));
    expect(response.finishReason).toBe(called ? 'tool-calls' : 'stop');
  });

  it('are the same at any cut', () => {
    const random = seededRandom(11);
    for (const [what, text, seen] of FORMS) {
      expect(shape(answer([...text])), what).toEqual(seen);
      for (let round = 0; round < 20; round += 1) expect(shape(answer(cut(text, random))), what).toEqual(seen);
    }
  });

  it('one after another in one answer are all found, whatever their forms', () => {
    const inTags = FORMS.filter(([, text]) =>
      /^(?:<tool_call>[\s\S]*<\/tool_call>|<invoke[\s\S]*<\/invoke>( b)?)$/.test(text),
    );
    const text = inTags.map(([, one]) => one).join('\n');
    const seen = inTags.flatMap(([, , parts]) => parts).filter((part) => Array.isArray(part));
    expect(seen.length).toBeGreaterThan(15);
    const random = seededRandom(5);
    for (let round = 0; round < 200; round += 1) {
      expect(shape(answer(cut(text, random))).filter((part) => Array.isArray(part))).toEqual(seen);
    }
  });
});

describe('what is no call', () => {
  const KEPT: readonly string[] = [
    'a < b && c > d',
    'if (a<b) { return "<tool>"; }',
    'x <to',
    '<',
    'ends with a space \n',
    '  starts with one',
    '<table><tr><td>1</td></tr></table>',
    'Use `<tool_call>` tags for that.',
    '```ts\nconst a: Map<string, number> = new Map();\n```',
    '```tool\nhammer\n```',
    '{"answer": 42, "tools": ["a"]}',
    '{"name": "Paris", "arguments": ["of", "people"]}',
    '{"name": "get_weather", "arguments": {"city": "Paris"}} is what I would write',
    '[1, 2, 3]',
    '[x] done [ ] open',
    'search/replace is a command\nshell/other>x',
    '<tools>hammer, nails</tools>',
    'The <eom> marker ends a message.',
    '# Titles\n\n- one\n- two\n\n',
  ];

  it.each(KEPT)('stays as it is: %j', (text) => {
    for (const parts of [[text], [...text]]) {
      const response = answer(parts);
      expect(response.text).toBe(text);
      expect(response.finishReason).toBe('stop');
      expect(response.warnings).toEqual([]);
    }
  });

  it.each([
    ['nothing readable', '<tool_call>nonsense</tool_call>', 'holds no call'],
    ['an unknown tool', '<tool_call>{"name":"rm","arguments":{}}</tool_call>', 'no tool is called "rm"'],
    ['a name with a prefix', '<tool_call>{"name":"default.shell","arguments":{}}</tool_call>', 'default.shell'],
    ['another spelling of the name', '<tool_call>{"name":"Shell","arguments":{}}</tool_call>', 'Shell'],
    ['arguments that are no object', '<tool_call>{"name":"shell","arguments":[1]}</tool_call>', 'arguments of shell'],
    [
      'a parameter that never closes',
      '<invoke name="shell"><parameter name="command">ls</invoke>',
      'arguments of shell',
    ],
  ])('%s stays in the text with a warning', (_what, text, why) => {
    const response = answer(`a ${text} b`);
    expect(response.text).toBe(`a ${text} b`);
    expect(response.finishReason).toBe('stop');
    expect(response.warnings).toHaveLength(1);
    expect(response.warnings[0]?.message).toContain(why);
  });

  it('is a call only quoted by another call', () => {
    const quoted = '{"name":"shell","arguments":{"command":"rm -rf /"}}';
    for (const text of [
      `<tool_call>{"name":"search","arguments":{"query":${JSON.stringify(quoted)}}}</tool_call>`,
      `<tool_call>{"name":"search","arguments":{"query":"x","extra":${quoted}}}</tool_call>`,
      `<invoke name="search"><parameter name="query">${quoted}</parameter></invoke>`,
      `<invoke name="unknown"><parameter name="query">${quoted}</parameter></invoke>`,
      `<tool_call>write_file>${quoted}</tool_call>`,
      `<think>${quoted} <tool_call>${quoted}</tool_call></think>`,
      `<tool_call>{"name":"search","arguments":{"query":"a "b, ${quoted}}}</tool_call>`,
    ]) {
      const names = answer(text).content.flatMap((part) => (part.type === 'tool-call' ? [part.name] : []));
      expect(names, text).not.toContain('shell');
    }
  });
});

describe('an answer that was cut off', () => {
  it('never yields a call with cut arguments', () => {
    const whole = '<tool_call>{"name":"write_file","arguments":{"path":"a","content":"rm -rf /tmp/x"}}';
    for (let length = 1; length < whole.length; length += 1) {
      const response = answer(whole.slice(0, length), 'length');
      expect(response.content.filter((part) => part.type === 'tool-call')).toEqual([]);
      expect(response.text).toBe(whole.slice(0, length));
      expect(response.finishReason).toBe('length');
    }
    expect(shape(answer(whole, 'length'))).toEqual([['write_file', '{"path":"a","content":"rm -rf /tmp/x"}']]);
  });

  it('keeps its reason beside calls that are whole', () => {
    const response = answer(`<tool_call>${WEATHER}</tool_call>\n<tool_call>{"name": "se`, 'length');
    expect(response.finishReason).toBe('length');
    expect(shape(response)).toEqual([CALL, '<tool_call>{"name": "se']);
  });
});

function cut(text: string, random: () => number): string[] {
  const parts: string[] = [];
  for (let at = 0; at < text.length;) {
    const length = 1 + Math.floor(random() * random() * text.length);
    parts.push(text.slice(at, at + length));
    at += length;
  }
  return parts;
}
