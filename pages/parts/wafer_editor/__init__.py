"""The editor of labels: a canvas in the browser, its modules of JavaScript, and what Python says to it."""
