// A classic script, run before the first paint: the chosen theme is there without a flash of the other one.
{
  const chosen = (() => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // Storage can be switched off; the system's theme is then used.
    }
  })();
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
