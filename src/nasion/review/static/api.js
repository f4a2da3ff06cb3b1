/** Questions to the server; arrays come as they are, without text between. */

export class Refusal extends Error {}

/**
 * @param {string} path
 * @param {RequestInit} options
 */
async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...options });
  } catch (problem) {
    if (problem instanceof Error && problem.name === "AbortError") throw problem;
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

/**
 * A JSON answer.
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export const json = async (path, signal) => (await ask(path, { signal })).json();

/**
 * Post a JSON body and take a JSON answer.
 * @param {string} path
 * @param {object} body
 * @returns {Promise<any>}
 */
export async function post(path, body = {}) {
  const headers = { "Content-Type": "application/json" };
  return (await ask(path, { method: "POST", headers, body: JSON.stringify(body) })).json();
}

/**
 * An array with its shape.
 * @template {Float32Array | Uint8Array} T
 * @param {new (buffer: ArrayBuffer) => T} Kind
 * @param {string} path
 * @param {Record<string, string | number>} params
 * @param {AbortSignal} [signal]
 * @returns {Promise<Answer<T>>}
 */
export async function array(Kind, path, params, signal) {
  const answer = await ask(`${path}?${new URLSearchParams(/** @type {any} */ (params))}`, { signal });
  const shape = (answer.headers.get("X-Shape") || "").split(",").map(Number);
  return { data: new Kind(await answer.arrayBuffer()), shape, headers: answer.headers };
}

/**
 * The address of a recording, or of something of it.
 * @param {string} id
 */
export const of = (id, rest = "") => `/api/readings/${encodeURIComponent(id)}${rest}`;

/** One question at a time: a newer one ends the older, whose answer is then undefined. */
export class Latest {
  /** @type {AbortController | null} */
  #controller = null;

  /**
   * @template T
   * @param {(signal: AbortSignal) => Promise<T>} question
   */
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
