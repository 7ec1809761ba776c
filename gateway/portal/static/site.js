// Copy buttons, and titles offered while one types.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
    const said = button.textContent;
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = said; }, 1500);
  });
}

for (const input of document.querySelectorAll("[data-autocomplete]")) {
  const list = document.getElementById(input.getAttribute("list"));
  let asked = "";
  let waiting;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const q = input.value.trim();
      if (q.length < 2 || q === asked) return;
      asked = q;
      const answer = await fetch(`/api/v1/datasets/autocomplete?limit=8&q=${encodeURIComponent(q)}`);
      if (!answer.ok) return;
      const { items } = await answer.json();
      const language = document.documentElement.lang;
      list.replaceChildren(...items.map((item) => {
        const option = document.createElement("option");
        option.value = item.title[language] ?? item.title.ko ?? item.title.en;
        return option;
      }));
    }, 250);
  });
}
