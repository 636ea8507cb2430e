// The clock of the widget: one timer that a hidden page does not slow down. A number of milliseconds arms it
// (exchanging the one before), -1 disarms it, and it answers once when the time is up.
let timer = 0;
onmessage = ({ data }) => {
  clearTimeout(timer);
  if (data >= 0) timer = setTimeout(() => postMessage(0), data);
};
