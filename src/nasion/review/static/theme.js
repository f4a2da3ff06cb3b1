// Sets the chosen theme before the first paint; not a module, so that it runs at once.
"use strict";
(() => {
  const kept = localStorage.getItem("nasion.theme");
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = kept || (dark ? "dark" : "light");
})();
