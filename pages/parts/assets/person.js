// The name of whoever works at this browser: kept here, so that it is asked for once and not on every visit.
const KEY = "waferscope-person";

export default function ({ data, setStateValue }) {
  if (data.name) localStorage.setItem(KEY, data.name);
  else setStateValue("known", { name: localStorage.getItem(KEY) });
}
