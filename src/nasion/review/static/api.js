/** Questions to the server; arrays come as they are, without text between. */

export class Refusal extends Error {}

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...options });
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    throw new Refusal("the server does not answer; is `nasion review` still running?");
  }
  if (answer.ok) return answer;
  let detail = `${answer.status} ${answer.statusText}`;
  try {
    const told = (await answer.json()).detail;
    if (typeof told === "string") detail = told;
  } catch {
    // not JSON: the status says it
  }
  throw new Refusal(detail);
}

export const json = async (path, signal) => (await ask(path, { signal })).json();

/** Post a JSON body and take a JSON answer. */
export async function post(path, body = {}) {
  const headers = { "Content-Type": "application/json" };
  return (await ask(path, { method: "POST", headers, body: JSON.stringify(body) })).json();
}

/** An array with its shape: `kind` is Float32Array or Uint8Array. */
export async function array(kind, path, params, signal) {
  const answer = await ask(`${path}?${new URLSearchParams(params)}`, { signal });
  const shape = (answer.headers.get("X-Shape") || "").split(",").map(Number);
  return { data: new kind(await answer.arrayBuffer()), shape, headers: answer.headers };
}

export const of = (id, rest = "") => `/api/readings/${encodeURIComponent(id)}${rest}`;

/** One question at a time: a newer one ends the older, whose answer is then undefined. */
export class Latest {
  #controller = null;

  async ask(question) {
    this.cancel();
    const controller = new AbortController();
    this.#controller = controller;
    try {
      const answer = await question(controller.signal);
      return controller.signal.aborted ? undefined : answer;
    } catch (problem) {
      if (controller.signal.aborted) return undefined;
      throw problem;
    }
  }

  cancel() {
    this.#controller?.abort();
  }
}
