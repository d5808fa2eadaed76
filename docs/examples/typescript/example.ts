// Lists a venue's integrations, starts a sync of Square on a click, and tells its end and what it read.
import { ask, every, Refused } from "./client.js";
import type { components } from "./schema.js";

type Provider = "square" | "stripe" | "mailchimp" | "quickbooks";
type Run = components["schemas"]["RunStatus"];

const found = <Kind extends Element>(selector: string): Kind => {
  const node = document.querySelector<Kind>(selector);
  if (node === null) throw new Error(`The page has no ${selector}.`);
  return node;
};
const [list, button, told] = [found("#integrations"), found<HTMLButtonElement>("#sync"), found("#told")];
const pause = (seconds: number) => new Promise((done) => setTimeout(done, seconds * 1000));

async function show(): Promise<void> {
  const { integrations } = await ask("get", "/api/v1/integrations/", {});
  list.replaceChildren(
    ...integrations.map((each) => {
      const item = document.createElement("li");
      item.textContent = `${each.name}: ${each.status_label}. ${each.message}`;
      return item;
    }),
  );
}

/** Start a sync, or join the one that runs, and return how it ended. */
async function sync(provider: Provider): Promise<Run> {
  const { run } = await ask("post", "/api/v1/integrations/{provider}/sync/", { path: { provider }, body: {} });
  for (;;) {
    const asked = { path: { provider }, query: { run } };
    const status = await ask("get", "/api/v1/integrations/{provider}/sync/status/", asked);
    if (!("ended" in status)) throw new Error("Asked for one run, told about all.");
    if (status.ended) return status;
    told.textContent = status.jobs.map((job) => `${job.object}: ${job.done}`).join(", ");
    await pause(status.poll_after_seconds ?? 3);
  }
}

/** Return how many records all runs of a provider have read. */
async function readSoFar(provider: Provider): Promise<number> {
  let read = 0;
  const asked = { path: { provider }, query: { limit: 2 } };
  const first = await ask("get", "/api/v1/integrations/{provider}/sync/history/", asked);
  if (!("results" in first)) return read;
  for await (const attempt of every(first)) read += attempt.counts.read;
  return read;
}

button.addEventListener("click", async () => {
  button.disabled = true;
  try {
    const run = await sync("square");
    told.textContent = `Ended: ${run.jobs.length} objects, ${await readSoFar("square")} records read so far.`;
    await show();
  } catch (error) {
    told.textContent = error instanceof Refused ? error.message : "Backline did not answer.";
  }
  button.disabled = false;
});
await show();
