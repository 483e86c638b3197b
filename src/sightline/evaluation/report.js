// Searching, filtering and ordering the queries; the page is whole without it.
(() => {
  const controls = document.getElementById("controls");
  if (!controls) return;
  const { find, tag, outcome, order, models, count } = controls.elements;
  const queries = [...document.querySelectorAll("article.query")].map((article, at) => ({
    article,
    at,
    words: article.querySelector("h3").textContent.toLowerCase() + " " +
      article.querySelector("code").textContent.toLowerCase(),
    tags: article.dataset.tags.split(" "),
    outcome: article.dataset.outcome,
    value: Number(article.dataset.value),
    apart: Number(article.dataset.apart),
  }));
  const end = document.createComment("the queries end here");
  queries[queries.length - 1].article.after(end);
  const orders = {
    "": (a, b) => a.at - b.at,
    worst: (a, b) => a.value - b.value || a.at - b.at,
    apart: (a, b) => b.apart - a.apart || a.at - b.at,
  };

  function filter() {
    const wanted = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const query of queries) {
      const fits = wanted.every((word) => query.words.includes(word)) &&
        (!tag.value || query.tags.includes(tag.value)) &&
        (!outcome.value || query.outcome === outcome.value);
      query.article.hidden = !fits;
      shown += fits;
    }
    count.value = `${shown} of ${queries.length} queries`;
  }

  function sort() {
    const sorted = [...queries].sort(orders[order.value]);
    for (const { article } of sorted) end.parentNode.insertBefore(article, end);
  }

  function openModels() {
    for (const strip of document.querySelectorAll("details[data-model]")) {
      strip.open = models.value === "all" || strip.dataset.model === models.value;
    }
  }

  // What a photo is, where there is no pointer to hover: by tapping, or by arrows in a strip.
  const said = document.createElement("output");
  said.id = "said";
  document.body.append(said);

  function tell(photo) {
    document.querySelectorAll(".photos .at").forEach((one) => one.classList.remove("at"));
    if (photo) photo.classList.add("at");
    said.value = photo ? photo.title : "";
  }

  function step(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") tell(null);
    if (!by || !event.target.matches("ol.photos")) return;
    const photos = [...event.target.querySelectorAll("b")];
    const at = photos.findIndex((photo) => photo.classList.contains("at")) + by;
    tell(photos[Math.min(Math.max(at, 0), photos.length - 1)]);
    event.preventDefault();
  }

  // A link to a query that the filter hides must still lead there.
  function showTarget() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.hidden) {
      controls.reset();
      filter();
      sort();
      target.scrollIntoView();
    }
  }

  controls.addEventListener("submit", (event) => event.preventDefault());
  find.addEventListener("input", filter);
  tag.addEventListener("change", filter);
  outcome.addEventListener("change", filter);
  order.addEventListener("change", sort);
  if (models) models.addEventListener("change", openModels);
  document.addEventListener("click", (event) => tell(event.target.closest(".photos b")));
  document.addEventListener("keydown", step);
  window.addEventListener("hashchange", showTarget);
  controls.hidden = false;
  filter();
})();
