import { useRef, useState } from 'preact/hooks';
import { bodyOf, type Turn } from '../lib/chat.ts';
import { Icon } from '../ui/icons.tsx';
import { IconButton } from '../ui/parts.tsx';
import { toast } from '../ui/toast.tsx';
import { growing, settings, stop, trySend } from './playground-state.ts';

/** Larger ones would not fit the gateway's body limit once encoded. */
const MOST_IMAGE_BYTES = 8 * 1_048_576;

function readImage(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    if (file.size > MOST_IMAGE_BYTES) {
      reject(new Error(`${file.name} is larger than 8 MiB.`));
      return;
    }
    const reader = new FileReader();
    reader.addEventListener('load', () => resolve(typeof reader.result === 'string' ? reader.result : ''));
    reader.addEventListener('error', () => reject(new Error(`${file.name} cannot be read.`)));
    reader.readAsDataURL(file);
  });
}

export function Composer() {
  const [text, setText] = useState('');
  const [images, setImages] = useState<readonly string[]>([]);
  const picker = useRef<HTMLInputElement>(null);
  const isBusy = growing.value !== undefined;
  const attach = (files: Iterable<File>): void => {
    for (const file of files) {
      if (!file.type.startsWith('image/')) continue;
      readImage(file).then(
        (image) => setImages((before) => [...before, image]),
        (error: unknown) => toast(error instanceof Error ? error.message : String(error), 'bad'),
      );
    }
  };
  const ask = (): void => {
    if (isBusy || (text.trim() === '' && images.length === 0)) return;
    const turn: Turn = { role: 'user', text, images };
    // Checked first, so that a wrong setting does not cost what was typed.
    try {
      bodyOf(settings.value, [turn]);
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), 'bad');
      return;
    }
    setText('');
    setImages([]);
    void trySend([turn]);
  };
  return (
    <form
      class="composer panel"
      onSubmit={(event) => {
        event.preventDefault();
        ask();
      }}
    >
      <label class="unseen" for="play-text">
        Message
      </label>
      <textarea
        id="play-text"
        class="input"
        rows={3}
        data-search
        placeholder="Message (Enter sends, Shift+Enter makes a new line)"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          ask();
        }}
        onPaste={(event) => attach(event.clipboardData?.files ?? [])}
      />
      {images.length > 0 && (
        <div class="row wrap">
          {images.map((image, index) => (
            <span key={index} class="attached">
              <img class="thumb" src={image} alt={`To be sent ${index + 1}`} />
              <IconButton
                icon="close"
                label={`Remove image ${index + 1}`}
                onClick={() => setImages(images.filter((_, place) => place !== index))}
              />
            </span>
          ))}
        </div>
      )}
      <div class="row between">
        <input
          ref={picker}
          type="file"
          accept="image/*"
          multiple
          hidden
          aria-label="Images"
          onChange={(event) => {
            attach(event.currentTarget.files ?? []);
            event.currentTarget.value = '';
          }}
        />
        <button type="button" class="button" onClick={() => picker.current?.click()}>
          <Icon name="image" /> Add image
        </button>
        {isBusy ? (
          <button type="button" class="button" onClick={stop}>
            <Icon name="stop" /> Stop
          </button>
        ) : (
          <button type="submit" class="button main-action" disabled={text.trim() === '' && images.length === 0}>
            Send
          </button>
        )}
      </div>
    </form>
  );
}
