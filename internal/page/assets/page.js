// Copies the address of a feed. Without this script the address stands in a
// field, to be selected.
for (const button of document.querySelectorAll('[data-copy]')) {
  const field = document.getElementById(button.dataset.copy);
  const said = document.getElementById('copied');
  button.hidden = false;
  button.addEventListener('click', async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch { // no clipboard without https
      document.execCommand('copy');
    }
    said.textContent = 'The address is copied.';
    button.classList.add('done');
    setTimeout(() => button.classList.remove('done'), 2000);
  });
}
