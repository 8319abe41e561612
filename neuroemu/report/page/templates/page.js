"use strict";
// Tells what lies under the pointer: the text of the nearest element with data-t, beside the pointer and inside the window.
(() => {
  const tip = document.getElementById("tip");
  const hide = () => { tip.hidden = true; };
  const show = (event) => {
    const told = event.target.closest ? event.target.closest("[data-t]") : null;
    if (!told) { hide(); return; }
    tip.textContent = told.getAttribute("data-t");
    tip.hidden = false;
    const box = tip.getBoundingClientRect(), room = document.documentElement;
    let x = event.clientX + 14, y = event.clientY + 16;
    if (x + box.width > room.clientWidth - 8) x = Math.max(8, event.clientX - box.width - 14);
    if (y + box.height > room.clientHeight - 8) y = Math.max(8, event.clientY - box.height - 12);
    tip.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  };
  document.addEventListener("pointermove", show);
  document.addEventListener("pointerdown", show);
  document.addEventListener("pointerleave", hide);
  document.addEventListener("scroll", hide, { passive: true });
})();
