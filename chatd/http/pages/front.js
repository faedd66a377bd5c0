(function () {
  var EVERY_MS = 2000, KEPT = 60;
  var main = document.querySelector("main"), words = main.dataset, whys = {"the writer is starting": words.starting, stopping: words.stopping, "the disk is full: nothing is written": words.full}, paces = [], before = null;
  function at(id) { return document.getElementById(id); }
  function upFor(ms) {
    var s = Math.max(0, Math.floor(ms / 1000)), h = Math.floor(s / 3600), d = Math.floor(h / 24);
    var clock = String(h % 24).padStart(2, "0") + ":" + String(Math.floor(s / 60) % 60).padStart(2, "0") + ":" + String(s % 60).padStart(2, "0");
    return (d ? d + " " + at("up").dataset.days + " " : "") + clock;
  }
  function tellState(text, good) {
    if (at("state").textContent !== text) at("state").textContent = text;
    at("lamp").className = good ? "lamp" : "lamp off";
  }
  function draw() {
    var most = Math.max.apply(null, paces.concat(1));
    at("trace").setAttribute("points", paces.map(function (pace, i) {
      return (240 * (KEPT - paces.length + i) / (KEPT - 1)).toFixed(1) + "," + (38 - 36 * pace / most).toFixed(1);
    }).join(" "));
    at("rate").textContent = Math.round(paces[paces.length - 1]).toLocaleString();
    at("pace").hidden = false;
  }
  function show(live) {
    tellState(live.ready === true ? words.ready : whys[live.ready] || words.notReady, live.ready === true);
    at("up").textContent = " · " + at("up").dataset.word + " " + upFor(live.now - live.started);
    document.querySelectorAll("dd").forEach(function (field) { field.textContent = live[field.id.slice(2)].toLocaleString(); });
    if (before && before.started === live.started && live.now > before.now) {
      paces.push(1000 * (live.deliveries - before.deliveries) / (live.now - before.now));
      paces = paces.slice(-KEPT);
      draw();
    }
    before = live;
  }
  function look() {
    if (document.hidden) return setTimeout(look, EVERY_MS);
    fetch(words.live, {cache: "no-store"}).then(function (answer) {
      if (!answer.ok) throw answer.status;
      return answer.json();
    }).then(show).catch(function () { tellState(words.lost, false); }).then(function () { setTimeout(look, EVERY_MS); });
  }
  document.querySelectorAll(".row").forEach(function (row) {
    var button = row.querySelector("button"), text = row.querySelector("pre");
    function done() {
      var label = button.textContent;
      button.textContent = words.copied;
      button.disabled = true;
      setTimeout(function () { button.textContent = label; button.disabled = false; }, 2000);
    }
    function mark() {
      var range = document.createRange();
      range.selectNodeContents(text);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      if (document.execCommand("copy")) done();
    }
    button.hidden = false;
    button.addEventListener("click", function () {
      if (navigator.clipboard) navigator.clipboard.writeText(text.textContent).then(done, mark);
      else mark();
    });
  });
  look();
})();
