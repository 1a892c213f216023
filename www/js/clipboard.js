// Copies text. In: text. Out: whether it is on the clipboard now.

/** navigator.clipboard exists on https and localhost only; a device in the house is often reached by plain http. */
export async function copyText(text) {
    if (navigator.clipboard) {
        try {
            await navigator.clipboard.writeText(text);
            return true;
        } catch {
            // Refused by a permission: the old way below may still be allowed.
        }
    }
    const focused = document.activeElement;
    const area = document.createElement('textarea');
    area.className = 'visually-hidden';
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    focused?.focus();
    return copied;
}
