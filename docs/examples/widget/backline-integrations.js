// <backline-integrations>: how a venue's integrations stand, in the words of the API. It knows no status itself.
const AGAIN_AFTER = 30; // seconds, when there was no answer
const make = (tag, values) => Object.assign(document.createElement(tag), values);
const say = (node, text) => node.textContent === text || (node.textContent = text); // only what changed is read out
const safe = (href) => (/^https?:$/.test(new URL(href, document.baseURI).protocol) ? href : "#");
const token = () => document.cookie.match(/(?:^|; )(?:__Host-)?csrf=([^;]+)/)?.[1] ?? "";

function card() {
  const [item, form, csrf, button] = ["li", "form", "input", "button"].map((tag) => make(tag));
  const [name, word, message, progress, link] = ["b", "span", "p", "progress", "a"].map((tag) => make(tag));
  form.append(csrf, button), item.append(name, word, message, progress, link, form);
  const show = ({ action: { label, method, href }, progress: read, ...told }) => {
    say(name, told.name), say(word, told.status_label), say(message, told.message), (word.className = told.tone);
    Object.assign(progress, { hidden: !read, max: 100, value: read?.percent ?? 0, ariaLabel: read?.label ?? "" });
    if (read?.percent == null) progress.removeAttribute("value"); // nobody knows how much there is
    Object.assign(link, { hidden: method !== "GET", href: safe(href) }); // a GET is a link, a POST a form
    Object.assign(form, { hidden: method === "GET", method: "post", action: safe(href) });
    Object.assign(csrf, { type: "hidden", name: "csrfmiddlewaretoken", value: token() });
    for (const each of [link, button]) say(each, label), (each.ariaLabel = `${label} ${told.name}`);
    return item;
  };
  return Object.assign(item, { show });
}
customElements.define("backline-integrations", class extends HTMLElement {
  connectedCallback() {
    const style = make("link", { rel: "stylesheet", href: new URL("backline-integrations.css", import.meta.url).href });
    [this.verdict, this.fault] = ["p", "p"].map((tag) => make(tag, { role: "status" }));
    [this.list, this.cards] = [make("ul", { role: "list", ariaLabel: "Integrations" }), {}];
    (this.shadowRoot ?? this.attachShadow({ mode: "open" })).replaceChildren(style, this.verdict, this.fault, this.list);
    this.look = () => (document.hidden ? clearTimeout(this.timer) : this.ask());
    document.addEventListener("visibilitychange", this.look), this.look();
  }
  disconnectedCallback() { clearTimeout(this.timer), document.removeEventListener("visibilitychange", this.look); }
  async ask() {
    clearTimeout(this.timer);
    const turn = (this.turn = {}), told = await this.hear().catch(() => ({ detail: "Backline did not answer." }));
    if (turn !== this.turn || !this.isConnected) return; // asked again meanwhile, or taken off the page
    if (told.venues ?? told.venue) this.show(told);
    else say(this.fault, [told.detail, this.heard, `We ask again every ${AGAIN_AFTER} seconds.`].join(" "));
    if (!document.hidden) this.timer = setTimeout(() => this.ask(), 1000 * (told.poll_after_seconds ?? AGAIN_AFTER));
  }
  async hear() {
    const url = new URL(this.getAttribute("src") ?? "/api/v1/me/integrations", document.baseURI);
    if (this.hasAttribute("venue")) url.searchParams.set("venue", this.getAttribute("venue"));
    const answer = await fetch(url, { headers: { "If-None-Match": this.etag ?? '""' }, signal: AbortSignal.timeout(15e3) });
    const told = answer.status === 304 ? this.told : await answer.json(); // a refusal has a `detail`, a sentence
    if (answer.ok) [this.told, this.etag] = [told, answer.headers.get("ETag")];
    return told;
  }
  show(told) {
    const venues = told.venues ?? [told], focused = this.shadowRoot.activeElement;
    const named = (venue, text) => (venues.length > 1 ? `${venue.name}: ${text}` : text);
    say(this.fault, ""), say(this.verdict, venues.map((each) => named(each.venue, each.summary.text)).join(" · "));
    this.heard = `What you see is from ${new Date().toLocaleTimeString([], { timeStyle: "short" })}.`;
    const items = venues.flatMap(({ venue, integrations }) => integrations.map((each) =>
      (this.cards[`${venue.id} ${each.provider}`] ??= card()).show({ ...each, name: named(venue, each.name) })));
    if ([...this.list.children, null].some((old, at) => old !== (items[at] ?? null))) this.list.replaceChildren(...items);
    if (focused && focused !== this.shadowRoot.activeElement) focused.focus(); // it moved with its card
  }
});
