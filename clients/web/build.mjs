/**
 * Bundles what own avatars are drawn by, three.js and three-vrm with it, into one file that the page loads when it is
 * needed: `npm ci && npm run build`. The licences of what is in it go beside it.
 */

import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const place = (path) => fileURLToPath(new URL(path, import.meta.url));
const FOLDER = "./facewire_web/bundle";
const NOTICE = "What avatar.js contains besides Facewire (Apache-2.0), and under which licences.";

const { metafile } = await build({
  entryPoints: [place("./facewire_web/avatar/avatar_view.js")],
  outfile: place(`${FOLDER}/avatar.js`),
  bundle: true, format: "esm", minify: true, target: "es2022", legalComments: "eof", metafile: true, logLevel: "warning",
});

const inputs = Object.keys(metafile.inputs).map((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]);
const packages = [...new Set(inputs.filter(Boolean))].sort();
const licences = await Promise.all(packages.map(async (name) => {
  const { version } = JSON.parse(await readFile(place(`./node_modules/${name}/package.json`), "utf8"));
  return `${name} ${version}\n\n${await licenceOf(name)}`;
}));
// It lies in three's folder, and says in its first lines whose it is.
const decoder = await readFile(place("./node_modules/three/examples/jsm/libs/meshopt_decoder.module.js"), "utf8");
const meshopt = decoder.split("\n").filter((line) => line.startsWith("// ")).join("\n");
await writeFile(place(`${FOLDER}/LICENSES.txt`), [NOTICE, ...licences, meshopt].join("\n\n\n"));
const [{ bytes }] = Object.values(metafile.outputs);
console.log(`avatar.js: ${Math.round(bytes / 1000)} kB, with ${packages.join(", ")}`);

async function licenceOf(name) {
  for (const file of ["LICENSE", "LICENSE.md", "LICENSE.txt"]) {
    const text = await readFile(place(`./node_modules/${name}/${file}`), "utf8").catch(() => null);
    if (text) return text.trim();
  }
  throw new Error(`${name} names no licence`);
}
