package sns_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/cloud/sns"
	"quickstep/shared/notify"
	"quickstep/shared/transient"
)

func announcement() notify.Announcement {
	return notify.Announcement{
		Subject: "Quickstep: 12 patches – mw-1",
		Text:    "Zwölf\n<\"Zeilen\">",
		JSON:    []byte(`{"schema":1,"text":"<a & b>"}`),
		Attributes: map[string]any{
			"window":   "mw-1",
			"missing":  12,
			"failed":   -1,
			"gaps":     false,
			"complete": true,
			"bucket":   "",
		},
	}
}

// attributes are those of a request: name to type and value.
func attributes(form url.Values) map[string]string {
	all := map[string]string{}
	for n := 1; ; n++ {
		entry := fmt.Sprintf("MessageAttributes.entry.%d.", n)
		name := form.Get(entry + "Name")
		if name == "" {
			return all
		}
		all[name] = form.Get(entry+"Value.DataType") + " " + form.Get(entry+"Value.StringValue")
	}
}

func TestAnnounce(t *testing.T) {
	w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer { return accepted })
	if err := sns.New(w.Config, topic).Announce(t.Context(), announcement()); err != nil {
		t.Fatal(err)
	}
	form := w.Calls()[0].Form
	for name, want := range map[string]string{"Action": "Publish", "TopicArn": topic, "MessageStructure": "json",
		"Subject": "Quickstep: 12 patches ? mw-1", "Message": announcement().Message()} {
		if form.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, form.Get(name), want)
		}
	}
	var forms map[string]string
	if err := json.Unmarshal([]byte(form.Get("Message")), &forms); err != nil ||
		forms["email"] != announcement().Text ||
		forms["default"] != string(announcement().JSON) {
		t.Errorf("the message is %q, %v", forms, err)
	}
	want := map[string]string{
		"window":   "String mw-1",
		"missing":  "Number 12",
		"failed":   "Number -1",
		"gaps":     "String false",
		"complete": "String true",
	}
	if got := attributes(form); !maps.Equal(got, want) {
		t.Errorf("the attributes are %q, want %q", got, want)
	}
}

func TestAnAnnouncementWithoutSubjectAndAttributes(t *testing.T) {
	w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer { return accepted })
	if err := sns.New(w.Config, topic).Announce(t.Context(), notify.Announcement{Text: "t", JSON: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	if form := w.Calls()[0].Form; form.Has("Subject") || len(attributes(form)) > 0 {
		t.Errorf("sent %v", form)
	}
}

func TestAnnouncementsThatSNSDoesNotTake(t *testing.T) {
	long := announcement()
	long.Text += strings.Repeat("x", notify.MaxAnnouncement-long.Size()) // as long as it may be
	w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer { return accepted })
	if err := sns.New(w.Config, topic).Announce(t.Context(), long); err != nil {
		t.Fatal(err)
	}
	tooLong, noText, noJSON, odd := long, announcement(), announcement(), announcement()
	tooLong.Text += "x"
	noText.Text, noJSON.JSON = "", nil
	odd.Attributes["share"] = 0.5
	for name, a := range map[string]notify.Announcement{"too long": tooLong, "no text": noText, "no JSON": noJSON, "an odd attribute": odd} {
		w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer { return accepted })
		err := sns.New(w.Config, topic).Announce(t.Context(), a)
		if err == nil || transient.Is(err) || len(w.Calls()) != 0 ||
			!strings.Contains(err.Error(), "quickstep-alarms") {
			t.Errorf("%s: %d calls, %v", name, len(w.Calls()), err)
		}
	}
}

func TestFailuresOfAnnounce(t *testing.T) {
	call := func(ctx context.Context, cfg aws.Config) error {
		return sns.New(cfg, topic).Announce(ctx, announcement())
	}
	cloudtest.Failures(t, cloudtest.Query, call)
	cloudtest.Garbled(t, accepted, call)
	// Of one whose reply is lost nobody knows whether it was sent: it isn't the SDK that sends it again.
	for _, code := range []string{"Throttling", "InternalError"} {
		w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer { return cloudtest.Query(code) })
		if err := call(t.Context(), w.Config); !transient.Is(err) || len(w.Calls()) != 1 {
			t.Errorf("after %s: %v, %d calls", code, err, len(w.Calls()))
		}
	}
}
