// Pointers: a mouse, a pen or fingers become strokes of the tool in hand, panning and pinching. `hand` is told:
// begin(point, event, focused), move(point, event), end(point, event), cancel(), hover(point), pan(dx, dy), pinch(factor, x, y),
// double(point). Points are [x, y] in CSS pixels of the canvas.

export class Gestures {
  constructor(canvas, hand) {
    this.canvas = canvas;
    this.hand = hand;
    this.down = new Map(); // pointers that touch
    this.doing = ""; // "", "tool", "pan" or "pinch"
    this.space = false;
    this.penDown = false;
    this.penSeen = false; // then a finger pans: the hand rests on the screen
    canvas.onpointerdown = event => this.press(event);
    canvas.onpointermove = event => this.move(event);
    canvas.onpointerup = event => this.lift(event);
    canvas.onpointercancel = event => this.lift(event, true);
    canvas.onpointerleave = () => { if (!this.doing) hand.hover(null); };
    canvas.ondblclick = event => hand.double(this.at(event), event);
    // The page keeps its wheel until the map has the focus or Ctrl is held.
    canvas.addEventListener("wheel", event => {
      if (!event.ctrlKey && canvas.getRootNode().activeElement !== canvas) return;
      event.preventDefault();
      hand.pinch(Math.exp(-event.deltaY / 400), ...this.at(event));
    }, { passive: false });
    canvas.oncontextmenu = event => event.preventDefault();
    canvas.onauxclick = event => event.preventDefault();
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  press(event) {
    if (event.button > 1) return;
    if (event.button === 1) event.preventDefault(); // no scrolling by the middle button
    const pen = event.pointerType === "pen";
    if (this.penDown && !pen) return; // the hand that holds the pen
    const focused = Boolean(this.canvas.getRootNode().activeElement); // here or on a button of the editor
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    if (pen) this.takePen();
    this.down.set(event.pointerId, this.at(event));
    if (this.down.size === 2) {
      if (this.doing === "tool") this.hand.cancel();
      this.doing = "pinch";
    } else if (this.down.size === 1) {
      const pans = event.button === 1 || this.space || (event.pointerType === "touch" && this.penSeen);
      this.doing = pans ? "pan" : "tool";
      if (!pans) this.hand.begin(this.at(event), event, focused || event.pointerType !== "mouse");
    }
  }

  // A pen draws, whatever touched before it: that was the hand, too.
  takePen() {
    if (this.doing === "tool") this.hand.cancel();
    this.down.clear();
    this.doing = "";
    this.penSeen = this.penDown = true;
  }

  move(event) {
    const before = this.down.get(event.pointerId), now = this.at(event);
    if (!before) {
      if (!this.doing) this.hand.hover(now);
      return;
    }
    if (this.doing === "tool") {
      // A fast stroke comes as few events that hold many points.
      const points = event.getCoalescedEvents?.() ?? [];
      for (const one of points.length ? points : [event]) this.hand.move(this.at(one), event);
    } else if (this.doing === "pan") this.hand.pan(now[0] - before[0], now[1] - before[1]);
    else if (this.doing === "pinch") this.pinch(event.pointerId, now);
    this.down.set(event.pointerId, now);
  }

  pinch(id, now) {
    const [other] = [...this.down].filter(([key]) => key !== id).map(([, point]) => point), before = this.down.get(id);
    const far = ([x, y]) => Math.hypot(x - other[0], y - other[1]);
    this.hand.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    if (far(before) > 0) this.hand.pinch(far(now) / far(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
  }

  lift(event, cancelled = false) {
    if (!this.down.delete(event.pointerId)) return;
    if (event.pointerType === "pen") this.penDown = false;
    if (this.doing === "tool") cancelled ? this.hand.cancel() : this.hand.end(this.at(event), event);
    if (!this.down.size || this.doing === "tool") this.doing = "";
    else if (this.down.size === 1) this.doing = "pan"; // the finger that is left goes on
  }
}
