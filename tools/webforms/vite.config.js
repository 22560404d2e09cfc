// Makes server/static/vendor/webforms out of @getodk/web-forms. A literal or a passage that a new
// version of the package no longer has stops the build: nothing falls back to English unseen.
import words from "./words.json" with { type: "json" };

const PACKAGE = "/@getodk/web-forms/dist/";
const WORDS = new URL("./words.js", import.meta.url).pathname;

// Passages beyond whole literals: [as the package has it, as we want it].
const PASSAGES = [
  ["`${QA} questions with errors.`", "withErrors(QA)"],
  [
    '" Location will be saved at " + toDisplayString(eA.options.accuracyThreshold) + " m "',
    "savedAt(toDisplayString(eA.options.accuracyThreshold))",
  ],
  [
    '" Previous saved location at " + toDisplayString(unref(truncateDecimals)(rA.value.value, nA)) + " m "',
    "savedBefore(toDisplayString(unref(truncateDecimals)(rA.value.value, nA)))",
  ],
  // Maps show no tiles: those would be asked of another host, which learns who looks where.
  ['"https://tile.openstreetmap.org/{z}/{x}/{y}.png"', '"data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"'],
  [/const Vy = '[^']*openstreetmap[^']*';/, 'const Vy = "";'],
];

const found = new Set();

function ours() {
  return {
    name: "our-words",
    enforce: "pre",
    transform(code, id) {
      if (!id.includes(PACKAGE)) return null;
      let made = code;
      for (const english of Object.keys(words)) {
        const literal = JSON.stringify(english);
        if (!made.includes(literal)) continue;
        found.add(english);
        made = made.replaceAll(literal, `say(${literal})`);
      }
      for (const [theirs, wanted] of PASSAGES) {
        const before = made;
        made = made.replace(theirs, () => wanted);
        if (made !== before) found.add(theirs);
      }
      // Fonts: the page has its own, and the page's policy would refuse these.
      const fonts = made.split("@font-face{").length - 1;
      made = made.replace(/@font-face\{[^}]*\}/g, "");
      if (fonts) found.add("fonts");
      if (made === code) return null;
      return { code: `import { say, withErrors, savedAt, savedBefore } from ${JSON.stringify(WORDS)};\n${made}`, map: null };
    },
    buildEnd(error) {
      const wanted = [...Object.keys(words), ...PASSAGES.map(([theirs]) => theirs), "fonts"];
      const lost = wanted.filter((each) => !found.has(each));
      if (!error && lost.length) throw new Error(`the package no longer has: ${lost.map(String).join(" | ")}`);
    },
  };
}

export default {
  plugins: [ours()],
  base: "./",
  logLevel: "error",
  publicDir: false,
  build: {
    emptyOutDir: true,
    modulePreload: false,
    target: "es2022",
    sourcemap: false,
    chunkSizeWarningLimit: 3000,
    rollupOptions: {
      input: new URL("./main.js", import.meta.url).pathname,
      preserveEntrySignatures: "strict",
      output: {
        format: "es",
        entryFileNames: "form-[hash].js",
        chunkFileNames: "part-[hash].js",
        assetFileNames: "[name]-[hash][extname]",
      },
    },
  },
};
