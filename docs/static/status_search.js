"use strict";
// The search ignores words of digits only, so a query with a status code gets a link to the errors by status.
document.addEventListener("DOMContentLoaded", () => {
  const results = document.getElementById("search-results");
  const status = /\b[1-5]\d\d\b/.exec(new URLSearchParams(location.search).get("q") ?? "");
  if (!results || !status) return;
  const link = document.createElement("a");
  link.href = "errors.html#errors-by-status";
  link.textContent = `Status ${status[0]}: errors by status`;
  const paragraph = document.createElement("p");
  paragraph.id = "status-link";
  paragraph.append(link);
  results.before(paragraph);
});
