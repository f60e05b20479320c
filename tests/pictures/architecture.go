package main

import "fmt"

// The grid of the picture: five functions side by side, each with its queue at its left.
const (
	pitch            = 160.0
	queueW, queueH   = 24.0, 26.0
	boxW, boxH       = 108.0, 48.0
	margin, fullW    = 8.0, 816.0
	rowTop, rowSteps = 44.0, 150.0
	rowEnd           = 296.0
	rowLedger        = 386.0
	rowPatch         = 506.0
)

const architectureStyle = `
text{font:13px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1f2328}
.name{font:bold 14px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.small{font-size:11px;fill:#59636e}
.head{font-weight:bold;font-size:15px}
.mid{text-anchor:middle}
.end{text-anchor:end}
.page{fill:#fff;stroke:#d1d9e0}
.function{fill:#ddf4ff;stroke:#0969da}
.queue,.qline{fill:#fff8c5;stroke:#9a6700}
.store{fill:#dafbe1;stroke:#1a7f37}
.topic{fill:#fbefff;stroke:#8250df}
.flow{fill:none;stroke:#59636e;stroke-width:1.5}
.again{fill:none;stroke:#0969da;stroke-width:1.5;stroke-dasharray:5 4}
.dead{fill:none;stroke:#cf222e;stroke-width:1.5}
.flowtip{fill:#59636e}.againtip{fill:#0969da}.deadtip{fill:#cf222e}
@media (prefers-color-scheme:dark){
text{fill:#e6edf3}
.small{fill:#9198a1}
.page{fill:#0d1117;stroke:#3d444d}
.function{fill:#121d2f;stroke:#4493f8}
.queue,.qline{fill:#272115;stroke:#d29922}
.store{fill:#12261e;stroke:#3fb950}
.topic{fill:#271c3c;stroke:#ab7df8}
.flow{stroke:#9198a1}.again{stroke:#4493f8}.dead{stroke:#f85149}
.flowtip{fill:#9198a1}.againtip{fill:#4493f8}.deadtip{fill:#f85149}
}
`

const architectureDescription = "" +
	"Rolling reboot: start sends one message per instance to the queue of drain; drain to " +
	"reboot, reboot to check, check to rejoin. Check sends its own message again, later, " +
	"until the instance has started. Rejoin hands the token on to the next instance by a " +
	"message to drain; after the last one, finish restores and reports. What gives up goes to" +
	" the dead-letter queue and to triage, which publishes an alarm; what triage can't " +
	"process goes to the last queue, which people read. The watchdog gives overdue positions " +
	"their message again, every minute. Control is for operators. All functions claim and " +
	"commit in the ledger, a DynamoDB table. Patch report: survey, every hour, sends one " +
	"message per instance to scan, and report sends the whole to a topic and a bucket."

// place is a function on the grid.
type place struct {
	name, does string
	column     int
	y          float64
	queue      string // the queue that feeds it; empty: none
}

// functions are all of template.yaml's, in the order in which a run visits them.
var functions = []place{
	{"start", "lock, mute, open", 0, rowSteps, "start"},
	{"drain", "gate, deregister", 1, rowSteps, "drain"},
	{"reboot", "once drained", 2, rowSteps, "reboot"},
	{"check", "on a new boot?", 3, rowSteps, "check"},
	{"rejoin", "register, healthy", 4, rowSteps, "rejoin"},
	{"watchdog", "every minute", 0, rowTop, ""},
	{"control", "for operators", 0, rowEnd, ""},
	{"triage", "failed: stop or go", 2, rowEnd, "dead"},
	{"finish", "restore, report", 4, rowEnd, "finish"},
	{"survey", "every hour", 0, rowPatch, "survey"},
	{"scan", "one instance", 1, rowPatch, "scan"},
	{"report", "when all are in", 2, rowPatch, "report"},
}

func queueX(column int) float64 { return margin + 12 + pitch*float64(column) }
func boxX(column int) float64   { return queueX(column) + queueW + 3 }

// drawArchitecture draws the functions, their queues and the ledger, for light and for dark pages.
func drawArchitecture() string {
	const height = rowPatch + boxH + 34
	var c canvas
	c.begin(fullW, height, "How Quickstep's functions pass messages",
		architectureDescription, architectureStyle)
	tips(&c)
	box(&c, "page", 0.5, 0.5, fullW-1, height-1, 8.0)
	c.line()
	label(&c, queueX(0), 30, "head", "Rolling reboot: one message an instance")
	label(&c, queueX(0), rowPatch-16, "head", "Patch report: one message an instance")
	legend(&c, queueX(3)+54, 15)
	for _, p := range functions {
		p.draw(&c)
	}
	drawSteps(&c)
	drawWatchdog(&c)
	drawFailures(&c)
	drawStores(&c)
	drawPatch(&c)
	c.close("svg")
	c.line()
	return c.b.String()
}

// tips are the heads of arrows.
func tips(c *canvas) {
	c.open("defs", nil)
	for _, kind := range []string{"flow", "again", "dead"} {
		c.open("marker", attrs{"id", kind + "-tip", "viewBox", "0 0 8 8", "refX", 7.0, "refY", 4.0,
			"markerWidth", 7.0, "markerHeight", 7.0, "orient", "auto"})
		c.element("path", attrs{"class", kind + "tip", "d", "M0 0L8 4L0 8z"}, "")
		c.close("marker")
	}
	c.close("defs")
	c.line()
}

// legend says what the shapes are.
func legend(c *canvas, x, y float64) {
	box(c, "queue", x, y, 14.0, 16.0, 3.0)
	label(c, x+20, y+12, "small", "SQS queue")
	x += 92
	box(c, "function", x, y, 24.0, 16.0, 4.0)
	label(c, x+30, y+12, "small", "Lambda function")
	c.line()
}

func (p place) draw(c *canvas) {
	if p.queue != "" {
		drawQueue(c, p.queue, queueX(p.column), p.y+(boxH-queueH)/2)
	}
	x := boxX(p.column)
	c.open("g", attrs{"id", "function-" + p.name})
	box(c, "function", x, p.y, boxW, boxH, 6.0)
	label(c, x+boxW/2, p.y+21, "name mid", p.name)
	label(c, x+boxW/2, p.y+38, "small mid", p.does)
	c.close("g")
	c.line()
}

// drawQueue draws messages that wait side by side.
func drawQueue(c *canvas, name string, x, y float64) {
	c.open("g", attrs{"id", "queue-" + name})
	box(c, "queue", x, y, queueW, queueH, 3.0)
	for n := 1.0; n < 4; n++ {
		at := x + n*queueW/4
		c.element("path", attrs{"class", "qline", "d", path(at, y+5, at, y+queueH-5)}, "")
	}
	c.close("g")
	c.line()
}

// drawSteps is the way of one instance.
func drawSteps(c *canvas) {
	middle := rowSteps + boxH/2
	for n := range 4 {
		arrow(c, "flow", boxX(n)+boxW, middle, queueX(n+1)-2, middle)
	}
	// the token goes back to drain, above the boxes
	token := rowSteps - 30
	arrow(c, "flow", boxX(4)+48, rowSteps,
		boxX(4)+48, token, queueX(1)+17, token, queueX(1)+17, rowSteps+9)
	label(c, queueX(2)+16, token-6, "small", "done: token to the next")
	// check asks again, below its box
	again := rowSteps + boxH + 14
	arrow(c, "flow", boxX(3)+24, rowSteps+boxH,
		boxX(3)+24, again, queueX(3)+12, again, queueX(3)+12, rowSteps+38+2)
	label(c, queueX(3)-2, again+15, "small", "not started yet:")
	label(c, queueX(3)-2, again+28, "small", "again, later")
	// after the last one
	arrow(c, "flow", queueX(4)+60, rowSteps+boxH,
		queueX(4)+60, rowEnd-24, queueX(4)+12, rowEnd-24, queueX(4)+12, rowEnd+9)
	label(c, queueX(4)+54, rowSteps+boxH+24, "small end", "all ended")
}

// drawWatchdog is a bus above all queues.
func drawWatchdog(c *canvas) {
	y := rowTop + boxH/2
	arrow(c, "again", boxX(0)+boxW, y, queueX(4)+7, y, queueX(4)+7, rowSteps+9)
	for n := 1; n < 4; n++ {
		arrow(c, "again", queueX(n)+7, y, queueX(n)+7, rowSteps+9)
	}
	arrow(c, "again", queueX(0)+40, rowTop+boxH,
		queueX(0)+40, rowSteps-16, queueX(0)+12, rowSteps-16, queueX(0)+12, rowSteps+9)
	label(c, boxX(1)+20, y-8, "small", "what is overdue in the ledger gets its message again")
}

// drawFailures is the way of what gives up.
func drawFailures(c *canvas) {
	bus := rowEnd - 36
	for n := 1; n < 5; n++ {
		arrowless(c, "dead", boxX(n)+80, rowSteps+boxH, boxX(n)+80, bus)
	}
	arrowless(c, "dead", boxX(1)+80, bus, boxX(4)+80, bus)
	arrow(c, "dead", queueX(2)+12, bus, queueX(2)+12, rowEnd+9)
	label(c, queueX(1)+8, bus-22, "small", "gave up:")
	label(c, queueX(1)+8, bus-9, "small", "dead letters")

	middle := rowEnd + boxH/2
	topicX := queueX(3) + 8
	arrow(c, "dead", boxX(2)+boxW, middle, topicX-2, middle)
	topic(c, topicX, rowEnd, "SNS: alarms")
	drawQueue(c, "last", boxX(1)+boxW-queueW, rowEnd+(boxH-queueH)/2)
	arrow(c, "dead", boxX(2)+8, rowEnd+boxH,
		boxX(2)+8, rowEnd+boxH+14, boxX(1)+boxW-12, rowEnd+boxH+14, boxX(1)+boxW-12, rowEnd+38+1)
	label(c, boxX(1)-6, middle-3, "small", "last queue:")
	label(c, boxX(1)-6, middle+10, "small", "for people")
}

// drawStores is what every function reads and writes.
func drawStores(c *canvas) {
	x, w := queueX(0), boxX(4)+boxW-queueX(0)
	box(c, "store", x, rowLedger, w, boxH, 6.0)
	label(c, x+w/2, rowLedger+21, "mid",
		"the ledger: one DynamoDB table; its word is final, a message is only a nudge")
	label(c, x+w/2, rowLedger+38, "small mid",
		"every function claims a position here, acts, commits the next position, then sends its message")
	c.line()
	for _, at := range []float64{boxX(0) + 48, boxX(4) + 48} {
		arrow(c, "flow", at, rowEnd+boxH, at, rowLedger-2)
	}
	arrow(c, "flow", boxX(2)+60, rowEnd+boxH, boxX(2)+60, rowLedger-2)
	label(c, queueX(0), rowEnd-22, "small", "status, pause, resume,")
	label(c, queueX(0), rowEnd-9, "small", "cancel, release")
}

func drawPatch(c *canvas) {
	middle := rowPatch + boxH/2
	for n := range 2 {
		arrow(c, "flow", boxX(n)+boxW, middle, queueX(n+1)-2, middle)
	}
	arrow(c, "flow", boxX(2)+boxW, middle, queueX(3)+6, middle)
	topic(c, queueX(3)+8, rowPatch, "SNS: reports")
	box(c, "store", boxX(4), rowPatch, boxW, boxH, 6.0)
	label(c, boxX(4)+boxW/2, middle+5, "mid", "S3: in full")
	arrow(c, "flow", boxX(2)+48, rowPatch+boxH,
		boxX(2)+48, rowPatch+boxH+16, boxX(4)+48, rowPatch+boxH+16, boxX(4)+48, rowPatch+boxH+2)
}

func topic(c *canvas, x, y float64, name string) {
	const w = 110.0
	box(c, "topic", x, y+4, w, boxH-8, 20.0)
	label(c, x+w/2, y+boxH/2+5, "mid", name)
	c.line()
}

func box(c *canvas, class string, x, y, w, h, radius float64) {
	c.element("rect", attrs{"class", class, "x", x, "y", y, "width", w, "height", h, "rx", radius}, "")
}

func label(c *canvas, x, y float64, class, text string) {
	c.element("text", attrs{"x", x, "y", y, "class", class}, text)
}

// path goes through points: x and y in turn.
func path(points ...float64) string {
	d := "M"
	for n := 0; n < len(points); n += 2 {
		if n > 0 {
			d += "L"
		}
		d += fmt.Sprintf("%s %s", number(points[n]), number(points[n+1]))
	}
	return d
}

func arrow(c *canvas, kind string, points ...float64) {
	tip := "url(#" + kind + "-tip)"
	c.element("path", attrs{"class", kind, "d", path(points...), "marker-end", tip}, "")
	c.line()
}

func arrowless(c *canvas, kind string, points ...float64) {
	c.element("path", attrs{"class", kind, "d", path(points...)}, "")
	c.line()
}
