// Bundle the pages' scripts with their libraries into ../static/vendor.
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { build } from "esbuild";

const out = "../static/vendor";
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

await build({
  entryPoints: { map: "map.js" },
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2020",
  loader: { ".png": "dataurl" },
  outdir: out,
});

for (const file of ["swagger-ui.css", "swagger-ui-bundle.js"]) {
  cpSync(`node_modules/swagger-ui-dist/${file}`, `${out}/${file}`);
}
