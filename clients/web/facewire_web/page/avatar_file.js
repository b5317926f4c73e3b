/** The bytes of an avatar, from a file or an address, unless they are too many. */

import { AvatarError } from "../avatar/avatar_error.js";

const MEGABYTE = 1_000_000;
export const MOST_BYTES = 100 * MEGABYTE;

/**
 * @param {Blob} file
 * @param {string} name
 * @returns {Promise<ArrayBuffer>}
 * @throws {AvatarError} it is too large, or cannot be read any more
 */
export async function readFile(file, name) {
  if (file.size > MOST_BYTES) throw tooLarge(name, file.size);
  try {
    return await file.arrayBuffer();
  } catch {
    throw new AvatarError(`“${name}” cannot be read; is it still there?`);
  }
}

/**
 * @param {string} address of a GLB or VRM file, also relative to the page
 * @returns {Promise<{name: string, file: Blob}>}
 * @throws {AvatarError} there is no such address, nobody answers, or the file is too large
 */
export async function fetchAvatar(address) {
  const url = parsed(address);
  const name = decodeURIComponent(url.pathname.split("/").at(-1)) || url.host;
  let response;
  try {
    response = await fetch(url, { credentials: "omit" });
  } catch {
    throw new AvatarError(`The avatar at ${url.host} could not be fetched: nobody answers, or that server does not let other pages read it (CORS); download the file and drop it here.`);
  }
  if (!response.ok) throw new AvatarError(`The avatar at ${url.host} could not be fetched: the server says ${response.status}; look at the address again.`);
  return { name, file: await bodyOf(response, name) };
}

function parsed(address) {
  try {
    const url = new URL(address, document.baseURI);
    if (["http:", "https:"].includes(url.protocol)) return url;
  } catch {
    // Said below.
  }
  throw new AvatarError(`“${address}” is no address of an avatar; it begins with https:// and names a GLB or VRM file.`);
}

async function bodyOf(response, name) {
  const parts = [];
  let bytes = 0;
  const stated = Number(response.headers.get("Content-Length"));
  if (stated > MOST_BYTES) {
    response.body.cancel().catch(() => {});
    throw tooLarge(name, stated);
  }
  try {
    for (const reader = response.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      bytes += value.length;
      if (bytes <= MOST_BYTES) continue;
      reader.cancel().catch(() => {});
      throw tooLarge(name, bytes);
    }
  } catch (error) {
    throw error instanceof AvatarError ? error : new AvatarError(`“${name}” broke off while it was fetched; try again.`);
  }
  return new Blob(parts);
}

function tooLarge(name, bytes) {
  return new AvatarError(`“${name}” has ${Math.round(bytes / MEGABYTE)} MB, and the page takes ${MOST_BYTES / MEGABYTE}; export it with smaller textures, or less of its body.`);
}
