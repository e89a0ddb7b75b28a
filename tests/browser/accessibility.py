"""What a page owes to people who do not see it, or not with a mouse: the checks a machine can make."""

from playwright.async_api import Page

_FAULTS = r"""
() => {
    const faults = [];
    const shown = (node) => node.getClientRects().length > 0;
    const named = (node) =>
        (node.getAttribute('aria-label') || node.textContent || node.title || node.alt || '').trim() !== '' ||
        [...node.querySelectorAll('img[alt], [aria-label]')].some((child) => child.alt || child.ariaLabel);
    const all = (selector) => [...document.querySelectorAll(selector)];
    const tell = (node, text) => faults.push(`${text}: ${node.outerHTML.slice(0, 120)}`);

    if (!document.documentElement.lang) faults.push('the page has no language');
    if (!document.title.trim()) faults.push('the page has no title');
    if (!document.querySelector('meta[name=viewport]')) faults.push('the page has no viewport');
    if (all('h1').length !== 1) faults.push(`the page has ${all('h1').length} first headings`);
    if (all('main').length !== 1) faults.push(`the page has ${all('main').length} main parts`);

    const ids = all('[id]').map((node) => node.id);
    for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`two elements have the id ${id}`);

    for (const field of all('input:not([type=hidden]), select, textarea')) {
        const labels = [...(field.labels || [])];
        const text = labels.map((label) => label.textContent).join('').trim();
        if (!text && !field.getAttribute('aria-label')) tell(field, 'a field without a label');
        if (shown(field) && labels.length && !labels.some(shown)) tell(field, 'a label that nobody sees');
        if (field.type === 'password' && !field.autocomplete) tell(field, 'a password managers cannot fill in');
    }
    for (const node of all('button, a[href], summary')) {
        if (shown(node) && !named(node)) tell(node, 'something to press without a name');
    }
    for (const image of all('img')) if (!image.hasAttribute('alt')) tell(image, 'a picture without a text');
    for (const image of all('svg')) {
        const hidden = image.closest('[aria-hidden=true]');
        if (!hidden && !image.ariaLabel && !image.querySelector('title')) tell(image, 'a drawing without a text');
    }
    for (const attribute of ['aria-describedby', 'aria-labelledby', 'aria-controls']) {
        for (const node of all(`[${attribute}]`)) {
            for (const id of node.getAttribute(attribute).split(/\s+/)) {
                if (!document.getElementById(id)) tell(node, `${attribute} leads nowhere`);
            }
        }
    }
    for (const node of all('[tabindex]')) if (node.tabIndex > 0) tell(node, 'an order of its own');
    let level = 0;
    for (const heading of all('h1, h2, h3, h4, h5, h6')) {
        const depth = Number(heading.tagName[1]);
        if (level && depth > level + 1) tell(heading, 'a heading that skips a level');
        level = depth;
    }
    for (const table of all('table')) if (!table.querySelector('th')) tell(table, 'a table without headings');
    return faults;
}
"""

# Text against what is painted behind it (WCAG 2.2, 1.4.3). Where that is no plain colour, the page's own is taken.
_PALE = r"""
() => {
    const parse = (text) => {
        const found = text.match(/rgba?\(([^)]+)\)/);
        if (!found) return null;
        const [r, g, b, a = 1] = found[1].split(/[ ,/]+/).map(Number);
        return { r, g, b, a };
    };
    const over = (top, below) => ({
        r: top.r * top.a + below.r * (1 - top.a),
        g: top.g * top.a + below.g * (1 - top.a),
        b: top.b * top.a + below.b * (1 - top.a),
        a: 1,
    });
    const luminance = ({ r, g, b }) => {
        const [x, y, z] = [r, g, b].map((value) => {
            const share = value / 255;
            return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const behind = (node) => {
        const layers = [];
        for (let at = node; at; at = at.parentElement) {
            const colour = parse(getComputedStyle(at).backgroundColor);
            if (colour && colour.a > 0) layers.push(colour);
            if (colour && colour.a === 1) break;
        }
        return layers.reduceRight((below, top) => over(top, below), { r: 255, g: 255, b: 255, a: 1 });
    };
    const pale = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode.parentElement;
        const text = walker.currentNode.textContent.trim();
        if (!text || !node.getClientRects().length || node.closest('noscript, script, style, .hidden')) continue;
        const style = getComputedStyle(node);
        if (style.visibility === 'hidden' || Number(style.opacity) === 0) continue;
        const ground = behind(node);
        const ink = over(parse(style.color), ground);
        const [light, dark] = [luminance(ink), luminance(ground)].sort((a, b) => b - a);
        const ratio = (light + 0.05) / (dark + 0.05);
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        if (ratio < (large ? 3 : 4.5)) pale.push(`${ratio.toFixed(2)}: ${text.slice(0, 60)}`);
    }
    return pale;
}
"""


async def faults(page: Page) -> list[str]:
    """What is wrong with the page as it is now, a sentence each."""
    found: list[str] = await page.evaluate(_FAULTS)
    pale: list[str] = await page.evaluate(_PALE)
    return [*found, *(f"text too pale, {text}" for text in pale)]


async def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    width: int = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width
