// The one line to the server: a store of the session's parts, a socket, and calls with the token.
//
//   link.on("queue", (queue) => ...)       a part of the state, now if known and when it changes
//   link.on("frame", (frame) => ...)       30 a second, see frames.js
//   link.on("link", ({state, retry_s}) => ...)  "connecting" | "open" | "lost" | "refused" | "ended"
//   link.send({type: "note_on", note, velocity})  over the socket; false when it is not open
//   await link.post("/api/queue/undo")     answers JSON; throws LinkError with the server's one line
//   link.act(link.post(...))               the same, but an error is said on the page, not thrown

import { decode } from "./frames.js";

const TOKEN = "antiphon.token";
const RETRY_S = [0.5, 1, 2, 3, 5];

export class LinkError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status; // HTTP status; 0 when the server could not be reached
  }
}

/** Take the token out of the address bar into this tab's memory. */
function readToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem(TOKEN, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem(TOKEN) ?? "";
}

export class Link {
  state = { status: null, room: null, decks: null, queue: null, keys: null, library: null };
  link = { state: "connecting", retry_s: 0 };
  skewMs = 0; // this clock less the server's, when they differ by more than a second

  #token = readToken();
  #listeners = new Map();
  #socket = null;
  #tries = 0;
  #watching = true;
  #onError = () => {};

  /** Call `run` with a part, now when it is known and at each change; answers how to stop. */
  on(part, run) {
    if (!this.#listeners.has(part)) this.#listeners.set(part, new Set());
    this.#listeners.get(part).add(run);
    if (part === "link") run(this.link);
    else if (this.state[part]) run(this.state[part]);
    return () => this.#listeners.get(part).delete(run);
  }

  /** What to do with an error of `act` and of the server: `run(message)`. */
  onError(run) {
    this.#onError = run;
  }

  /** Fetch the whole state, open the socket and keep it open. */
  async open() {
    document.addEventListener("visibilitychange", () => this.#watch());
    await this.#connect();
  }

  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  get(path) {
    return this.#call("GET", path);
  }
  post(path, body = {}) {
    return this.#call("POST", path, body);
  }
  put(path, body) {
    return this.#call("PUT", path, body);
  }
  patch(path, body) {
    return this.#call("PATCH", path, body);
  }
  delete(path) {
    return this.#call("DELETE", path);
  }

  /** Wait for a call and say its error on the page; answers undefined then. */
  async act(call) {
    try {
      return await call;
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      this.#onError(error.message);
      return undefined;
    }
  }

  /** Fetch a file with the token and hand it to the browser as a download. */
  async save(path, name) {
    const reply = await this.#fetch("GET", path);
    const url = URL.createObjectURL(await reply.blob());
    const anchor = document.createElement("a");
    anchor.href = url;
    anchor.download = name;
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }

  /** Milliseconds that have gone by since the server's time `at` (epoch ms); 0 for null, never negative. */
  sinceMs(at) {
    return at === null ? 0 : Math.max(0, Date.now() - this.skewMs - at);
  }

  async #call(method, path, body) {
    const reply = await this.#fetch(method, path, body);
    if (reply.status === 204) return null;
    return (reply.headers.get("content-type") ?? "").includes("json") ? reply.json() : reply.text();
  }

  async #fetch(method, path, body) {
    const headers = { Authorization: `Bearer ${this.#token}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const options = { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store" };
    let reply;
    try {
      reply = await fetch(path, options);
    } catch {
      throw new LinkError("the session does not answer", 0);
    }
    if (reply.ok) return reply;
    let message = `${reply.status} ${reply.statusText}`;
    try {
      message = (await reply.json()).error ?? message;
    } catch {
      // Not JSON: the status line is all there is to say.
    }
    throw new LinkError(message, reply.status);
  }

  #tell(part, value) {
    for (const run of this.#listeners.get(part) ?? []) {
      try {
        run(value);
      } catch (error) {
        reportError(error); // one part of the page that fails does not take the others with it
      }
    }
  }

  #stand(state, retry_s = 0) {
    this.link = { state, retry_s };
    this.#tell("link", this.link);
  }

  #take(part, data) {
    this.state[part] = data;
    this.#tell(part, data);
  }

  async #connect() {
    this.#stand(this.#tries ? this.link.state : "connecting");
    try {
      const reply = await this.#fetch("GET", "/api/state");
      const served = Date.parse(reply.headers.get("date") ?? "");
      const skew = Date.now() - served;
      this.skewMs = Math.abs(skew) > 1500 ? skew : 0;
      const state = await reply.json();
      for (const [part, data] of Object.entries(state)) this.#take(part, data);
    } catch (error) {
      if (error.status === 401 || error.status === 403) this.#stand("refused");
      else this.#retry();
      return;
    }
    this.#listen();
  }

  #listen() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/api/socket`);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => {
      socket.send(JSON.stringify({ type: "hello", token: this.#token }));
      this.#tries = 0;
      this.#watch();
      this.#stand("open");
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") this.#hear(JSON.parse(data));
      else {
        const frame = decode(data);
        if (frame) this.#tell("frame", frame);
      }
    };
    socket.onclose = ({ code }) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      if (code === 4401) this.#stand("refused");
      else this.#retry();
    };
  }

  #hear(message) {
    if (message.type === "state") this.#take(message.part, message.data);
    else if (message.type === "error") this.#onError(message.error);
    else if (message.type === "shutdown") this.#stand("ended");
  }

  // A session that said goodbye is looked for too: it may be started again under the same address.
  #retry() {
    const wait = RETRY_S[Math.min(this.#tries, RETRY_S.length - 1)];
    this.#tries += 1;
    this.#stand(this.link.state === "ended" ? "ended" : "lost", wait);
    setTimeout(() => this.#connect(), wait * 1000);
  }

  // A page nobody looks at needs no spectra.
  #watch() {
    this.#watching = !document.hidden;
    this.send({ type: "watch", frames: this.#watching });
  }
}
