// Workers that may connect to nothing but the page's own host, and what they are asked.

/** A worker that obeys the page's Content-Security-Policy.
 *
 * A worker has the policy of the response that its file came with, so where a server sends none, that in the page does
 * not bind it. One that begins with a blob has the page's.
 */
export function startWorker(file: string): Worker {
  const blob = new Blob([`import ${JSON.stringify(absolute(file))};`], { type: "text/javascript" });
  const url = URL.createObjectURL(blob);
  return new Worker(url, { type: "module" });
}

/** The address of a file of this page, wherever it is asked for. */
export const absolute = (file: string) => new URL(file, document.baseURI).href;

/** A worker's answers, in the order of what it was asked. */
export class Colleague {
  private readonly waiting: { resolve: (answer: never) => void; reject: (error: Error) => void }[] = [];

  constructor(private readonly worker: Worker) {
    worker.onmessage = ({ data }) => {
      const { resolve, reject } = this.waiting.shift()!;
      if (data.error === undefined) resolve(data.answer as never);
      else reject(new Error(data.error));
    };
    worker.onerror = ({ message }) => {
      for (const { reject } of this.waiting.splice(0)) reject(new Error(message || "A part of the page did not load."));
    };
  }

  ask<Answer>(question: unknown, transfer: Transferable[] = []): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.worker.postMessage(question, transfer);
    });
  }
}

/** In a worker: answer one question after the other. An answer says what of it is handed over. */
export function answerWith<Question>(
  answer: (question: Question) => Promise<{ answer: unknown; transfer?: Transferable[] }>,
): void {
  let before: Promise<unknown> = Promise.resolve();
  self.onmessage = ({ data }: MessageEvent<Question>) => {
    before = before.then(async () => {
      try {
        const { answer: found, transfer } = await answer(data);
        self.postMessage({ answer: found }, { transfer });
      } catch (error) {
        self.postMessage({ error: error instanceof Error ? error.message : String(error) });
      }
    });
  };
}
