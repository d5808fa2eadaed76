// A typed client of Backline's API over `fetch`: what may be asked and what comes back is known from schema.d.ts.
import type { components, paths } from "./schema.js";

type Json<Content> = Content extends { content: { "application/json": infer Body } } ? Body : never;
type Method = "get" | "post" | "put" | "patch" | "delete";
type Verbs<Path extends keyof paths> = {
  [Verb in keyof paths[Path] & Method]: paths[Path][Verb] extends undefined ? never : Verb;
}[keyof paths[Path] & Method];
type Answer<Operation> = Operation extends { responses: infer Responses }
  ? { [Status in keyof Responses & (200 | 201 | 202)]: Json<Responses[Status]> }[keyof Responses & (200 | 201 | 202)]
  : never;
type Asked<Operation> = (Operation extends { parameters: { path: infer Parts } } ? { path: Parts } : { path?: never }) & {
  query?: Operation extends { parameters: { query?: infer Query } } ? Query : never;
  body?: Operation extends { requestBody?: infer Content } ? Json<NonNullable<Content>> : never;
};

export type Problem = components["schemas"]["Problem"];

/** A refusal. Its message is the sentence for people, `problem.code` is for programs. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** Ask, signed in by the page's session. Throws Refused for a problem document, TypeError where there is no answer. */
export async function ask<Path extends keyof paths, Verb extends Verbs<Path>>(
  verb: Verb,
  path: Path,
  asked: Asked<paths[Path][Verb]>,
): Promise<Answer<paths[Path][Verb]>> {
  let address: string = path;
  for (const [name, value] of Object.entries<unknown>(asked.path ?? {})) {
    address = address.replace(`{${name}}`, encodeURIComponent(String(value)));
  }
  const url = new URL(address, document.baseURI);
  for (const [name, value] of Object.entries<unknown>(asked.query ?? {})) url.searchParams.set(name, String(value));
  return send(url, verb, asked.body);
}

/** Give every row of a list, page after page. */
export async function* every<Row>(first: { next: string | null; results: Row[] }): AsyncGenerator<Row> {
  for (let page = first; ; page = await send(new URL(page.next, document.baseURI), "get")) {
    yield* page.results;
    if (page.next === null) return;
  }
}

async function send<Told>(url: URL, verb: Method, body?: unknown): Promise<Told> {
  const request: RequestInit = { method: verb.toUpperCase(), headers: { Accept: "application/json" } };
  if (verb !== "get") request.headers = { ...request.headers, "X-CSRFToken": csrfToken() };
  if (body !== undefined) {
    request.headers = { ...request.headers, "Content-Type": "application/json" };
    request.body = JSON.stringify(body);
  }
  const answer = await fetch(url, request);
  if (answer.ok) return (await answer.json()) as Told;
  if (!answer.headers.get("Content-Type")?.startsWith("application/problem+json")) throw new TypeError(answer.statusText);
  throw new Refused((await answer.json()) as Problem);
}

function csrfToken(): string {
  return document.cookie.match(/(?:^|; )(?:__Host-)?csrf=([^;]+)/)?.[1] ?? "";
}
