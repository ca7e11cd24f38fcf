"""What a person needs of a page, asked of the browser: names of fields, headings, contrast, room."""

from __future__ import annotations

# Reads only; the test's own script runs where the page may run none.
LOOK = """language => {
  const faults = [], seen = node => node.checkVisibility({visibilityProperty: true});
  const say = (what, node) => faults.push(what + ': ' + node.outerHTML.slice(0, 120));
  const channel = c => { c /= 255; return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4 };
  const read = text => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n };
  const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
  const behind = node => {
    for (let each = node; each; each = each.parentElement) {
      const colour = read(getComputedStyle(each).backgroundColor);
      if (colour[3] === 1) return colour;
    }
    return [255, 255, 255, 1];
  };
  const contrast = (one, two) => {
    const [high, low] = [light(one), light(two)].sort((a, b) => b - a);
    return (high + .05) / (low + .05);
  };
  if (document.documentElement.lang !== language) faults.push('no language');
  if (document.querySelectorAll('h1').length !== 1) faults.push('not one h1');
  if (document.querySelectorAll('main').length !== 1) faults.push('not one main');
  if (document.title.trim() === '') faults.push('no title');
  if (document.querySelector('script')) faults.push('a script');
  const ids = [...document.querySelectorAll('[id]')].map(node => node.id);
  if (new Set(ids).size !== ids.length) faults.push('an id twice');
  for (const node of document.querySelectorAll('input:not([type=hidden]), select, textarea')) {
    if (![...node.labels].some(label => label.textContent.trim())) say('no label', node);
    if (!node.name) say('no name', node);
    const edge = ['radio', 'checkbox'].includes(node.type) ? 'color' : 'borderColor';
    if (contrast(read(getComputedStyle(node)[edge]), behind(node.parentElement)) < 3) say('pale edge', node);
  }
  for (const node of document.querySelectorAll('input[type=radio]'))
    if (!node.closest('fieldset')?.querySelector('legend')?.textContent.trim()) say('no legend', node);
  for (const node of document.querySelectorAll('[aria-describedby]'))
    for (const id of node.getAttribute('aria-describedby').split(' '))
      if (!document.getElementById(id)?.textContent.trim()) say('described by nothing', node);
  for (const node of document.querySelectorAll('a[href^="#"]')) {
    const target = document.getElementById(node.hash.slice(1));
    if (!target || !seen(target)) say('leads nowhere', node);
  }
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let least = 99;
  while (words.nextNode()) {
    const node = words.currentNode.parentElement;
    if (!words.currentNode.data.trim() || !seen(node) || node.closest('.vh, style, option')) continue;
    const found = contrast(read(getComputedStyle(node).color), behind(node));
    least = Math.min(least, found);
    if (found < 4.5) say('contrast ' + found.toFixed(2), node);
  }
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) faults.push('scrolls sideways: ' + wide);
  for (const node of document.querySelectorAll('button, summary, label:has([type=radio]), select'))
    if (seen(node) && node.getBoundingClientRect().height < 24) say('too small to hit', node);
  return {faults, least};
}"""


def faults_of(page, language: str = "en") -> list[str]:
    """Everything about the page as it stands that would keep somebody out."""
    found = page.evaluate(LOOK, language)
    assert found["least"] < 99, "no words were looked at"
    return found["faults"]
