// Before the first paint: the theme chosen here earlier. A file of its own, because inline scripts are forbidden.
try {
  const theme = localStorage.getItem('standin.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is switched off: the system's theme holds.
}
