// Copy buttons, and titles offered while one types.
async function copy(button) {
  const code = button.parentElement.querySelector("code");
  // Only https and loopback have a clipboard: elsewhere what is to be copied is marked.
  if (!navigator.clipboard) return getSelection().selectAllChildren(code);
  await navigator.clipboard.writeText(code.textContent);
  const said = button.textContent;
  button.textContent = button.dataset.copied;
  return setTimeout(() => { button.textContent = said; }, 1500);
}

async function offer(input, list) {
  const answer = await fetch(`/api/v1/datasets/autocomplete?limit=8&q=${encodeURIComponent(input.value.trim())}`);
  if (!answer.ok) return;
  const { items } = await answer.json();
  const language = document.documentElement.lang;
  list.replaceChildren(...items.map(({ title }) => {
    const option = document.createElement("option");
    option.value = title[language] ?? title.ko ?? title.en;
    return option;
  }));
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}

for (const input of document.querySelectorAll("[data-autocomplete]")) {
  const list = document.getElementById(input.getAttribute("list"));
  let asked = "";
  let waiting;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const q = input.value.trim();
      if (q.length < 2 || q === asked) return;
      asked = q;
      offer(input, list);
    }, 250);
  });
}
