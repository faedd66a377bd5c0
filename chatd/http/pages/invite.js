(function () {
  var field = document.getElementById("link"), button = document.getElementById("copy"), told = document.getElementById("told");
  function done() {
    var before = button.textContent;
    button.textContent = told.textContent = button.dataset.done;
    button.disabled = true;
    setTimeout(function () { button.textContent = before; button.disabled = false; }, 2000);
  }
  function copy() {
    field.focus();
    field.select();
    field.setSelectionRange(0, field.value.length);
    if (document.execCommand("copy")) done();
  }
  field.addEventListener("focus", function () { field.select(); });
  button.hidden = false;
  button.addEventListener("click", function () {
    if (!navigator.clipboard) copy();
    else navigator.clipboard.writeText(field.value).then(done, copy);
  });
})();
