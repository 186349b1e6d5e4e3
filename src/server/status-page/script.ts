/** What the page does by itself: asks for its own middle again. All that is shown is made by the daemon. */
export const script = `
const main = document.querySelector('main');
const note = document.querySelector('#note');
const button = document.querySelector('button');
let paused = false;
button.hidden = false;
button.addEventListener('click', () => {
  paused = !paused;
  button.textContent = paused ? 'Go on' : 'Pause';
  button.setAttribute('aria-pressed', String(paused));
});
async function refresh() {
  // Text that is being selected is left alone; a page that nobody sees asks nothing.
  if (!paused && !document.hidden && getSelection().isCollapsed) {
    try {
      const answer = await fetch('status', { cache: 'no-store' });
      if (!answer.ok) throw new Error(answer.statusText);
      main.innerHTML = await answer.text();
      note.textContent = '';
      document.title = main.firstElementChild.dataset.title;
    } catch {
      note.textContent = 'The daemon does not answer; what is shown is old.';
    }
  }
  setTimeout(refresh, 2000);
}
setTimeout(refresh, 1000);
`;
