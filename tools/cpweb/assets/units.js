// SPDX-License-Identifier: Apache-2.0
// Values with units as the tools print them (cp/units.h): pprof's rules.

const UNITS = [
    {fallback: 'B', units: [['B', 1, 'b byte'], ['kB', 1024, 'kb kbyte kilobyte'],
        ['MB', 1048576, 'mb mbyte megabyte'], ['GB', 1073741824, 'gb gbyte gigabyte'],
        ['TB', 1099511627776, 'tb tbyte terabyte'], ['PB', 1125899906842624, 'pb pbyte petabyte']]},
    {fallback: 's', units: [['ns', 1, 'ns nanosecond'], ['us', 1e3, 'us microsecond μ µ'],
        ['ms', 1e6, 'ms millisecond'], ['s', 1e9, 's sec second'], ['hrs', 3600e9, 'hour hr']]},
    {fallback: 'GCU', units: [['n*GCU', 1e-9, 'nanogcu'], ['u*GCU', 1e-6, 'microgcu'],
        ['m*GCU', 1e-3, 'milligcu'], ['GCU', 1, 'gcu'], ['k*GCU', 1e3, 'kilogcu'],
        ['M*GCU', 1e6, 'megagcu'], ['G*GCU', 1e9, 'gigagcu'], ['T*GCU', 1e12, 'teragcu'],
        ['P*GCU', 1e15, 'petagcu']]}
];
const DULL = ['minimum', 'auto', 'count', 'sample', 'unit', ''];

function findUnit(kind, text) {
    let key = text.toLowerCase();
    if (key.length > 2 && key.endsWith('s'))
        key = key.slice(0, -1);
    return kind.units.find(unit => unit[2].split(' ').includes(key));
}

// [value, unit] in the unit `to`; 'auto' is the largest of which there is one.
function scaleUnit(value, from, to) {
    const sign = value < 0 ? -1 : 1;
    for (const kind of UNITS) {
        const unit = findUnit(kind, from);
        if (!unit)
            continue;
        const base = sign * value * unit[1];
        let best = null;
        if (to === 'auto' || to === 'minimum')
            for (const u of kind.units)
                best = base / u[1] >= 1 ? u : best;
        else
            best = findUnit(kind, to);
        const factor = best ? best[1] : kind.units.find(u => u[0] === kind.fallback)[1];
        return [sign * base / factor, best ? best[0] : kind.fallback];
    }
    return [value, DULL.includes(to) ? '' : to];
}

// As printf does it: halves are told apart by the exact value, which toFixed does, too.
function unitLabel(value, from, to) {
    const [scaled, unit] = scaleUnit(value, from, to);
    const text = (isFinite(scaled) ? scaled : 0).toFixed(2).replace(/\.00$/, '');
    return text === '0' || text === '-0' ? '0' : text + unit;
}

function percentLabel(value, total) {
    const share = total ? Math.abs(value / total) * 100 : 0;
    if (share >= 99.95 && share <= 100.05)
        return '100%';
    if (share >= 1)
        return share.toFixed(2) + '%';
    // %.2g
    if (!share)
        return '0%';
    const digits = share.toPrecision(2), e = Math.floor(Math.log10(Number(digits)));
    if (e < -4)
        return digits.replace(/^(\d(?:\.\d*?)?)0*e-(\d)$/, '$1e-0$2').replace('.e', 'e') + '%';
    return String(Number(digits)) + '%';
}

// One unit for a whole table, by its smallest value and its total.
function reportUnit(values, total, from) {
    let least = 0;
    for (const x of values)
        if (x > 0 && (!least || x < least))
            least = x;
    least = Math.trunc(least || Math.abs(total));
    const most = Math.trunc(Math.abs(total));
    const unit = x => scaleUnit(x, from, 'minimum')[1];
    let found = unit(least);
    if (found !== unit(most) && least * 100 < most)
        found = unit(least * 100);
    return found || from;
}

const grouped = n => String(n).replace(/\B(?=(\d{3})+$)/g, ',');
