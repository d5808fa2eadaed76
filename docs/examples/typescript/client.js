/** A refusal. Its message is the sentence for people, `problem.code` is for programs. */
export class Refused extends Error {
    problem;
    constructor(problem) {
        super(problem.detail);
        this.problem = problem;
    }
}
/** Ask, signed in by the page's session. Throws Refused for a problem document, TypeError where there is no answer. */
export async function ask(verb, path, asked) {
    let address = path;
    for (const [name, value] of Object.entries(asked.path ?? {})) {
        address = address.replace(`{${name}}`, encodeURIComponent(String(value)));
    }
    const url = new URL(address, document.baseURI);
    for (const [name, value] of Object.entries(asked.query ?? {}))
        url.searchParams.set(name, String(value));
    return send(url, verb, asked.body);
}
/** Give every row of a list, page after page. */
export async function* every(first) {
    for (let page = first;; page = await send(new URL(page.next, document.baseURI), "get")) {
        yield* page.results;
        if (page.next === null)
            return;
    }
}
async function send(url, verb, body) {
    const request = { method: verb.toUpperCase(), headers: { Accept: "application/json" } };
    if (verb !== "get")
        request.headers = { ...request.headers, "X-CSRFToken": csrfToken() };
    if (body !== undefined) {
        request.headers = { ...request.headers, "Content-Type": "application/json" };
        request.body = JSON.stringify(body);
    }
    const answer = await fetch(url, request);
    if (answer.ok)
        return (await answer.json());
    if (!answer.headers.get("Content-Type")?.startsWith("application/problem+json"))
        throw new TypeError(answer.statusText);
    throw new Refused((await answer.json()));
}
function csrfToken() {
    return document.cookie.match(/(?:^|; )(?:__Host-)?csrf=([^;]+)/)?.[1] ?? "";
}
