(function () {
  var field = document.getElementById("link"), button = document.getElementById("copy");
  field.addEventListener("focus", function () { field.select(); });
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", function () {
    navigator.clipboard.writeText(field.value).then(function () { button.textContent = button.dataset.done; });
  });
})();
