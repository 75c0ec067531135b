"use strict";
(() => {
  const tables = [...document.querySelectorAll("table.data")];
  const collator = new Intl.Collator("en", { numeric: true });
  const getKey = (row, index) => {
    const cell = row.cells[index];
    const time = cell.querySelector("time");
    return time ? time.dateTime : cell.textContent.trim().replace(/(\d),(?=\d{3})/g, "$1");
  };
  for (const header of document.querySelectorAll("table.data thead th")) {
    if (!header.textContent.trim()) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    header.replaceChildren(button);
    button.addEventListener("click", () => {
      const table = header.closest("table");
      const ascending = header.getAttribute("aria-sort") !== "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const body = table.tBodies[0];
      const index = header.cellIndex;
      const rows = [...body.rows].sort(
        (one, other) => collator.compare(getKey(one, index), getKey(other, index)) * (ascending ? 1 : -1)
      );
      body.append(...rows);
    });
  }
  const label = document.getElementById("filter");
  const field = label.querySelector("input");
  const status = label.querySelector("output");
  const fold = document.getElementById("show-resolved");
  label.hidden = tables.length === 0;
  field.addEventListener("input", () => {
    const text = field.value.trim().toLowerCase();
    if (text && fold) fold.checked = true;
    let shown = 0;
    let total = 0;
    for (const table of tables) {
      for (const row of table.tBodies[0].rows) {
        row.hidden = !row.textContent.toLowerCase().includes(text);
        shown += !row.hidden;
        total += 1;
      }
    }
    status.textContent = text ? `${shown} of ${total} rows` : "";
  });
})();
