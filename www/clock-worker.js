// The clock of the widget: one timer that a hidden page does not slow down. A number of milliseconds arms it
// (exchanging the one before), and it answers once when the time is up.
let timer = 0;
onmessage = ({ data }) => {
  clearTimeout(timer);
  timer = setTimeout(() => postMessage(0), data);
};
