package standin

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"quickstep/shared/run"
)

// cloudWatch answers the calls about alarm mute rules. The alarms themselves are the emulator's.
func (s *Server) cloudWatch(ctx context.Context, operation string, body []byte) func(http.ResponseWriter) {
	calls := map[string]func(context.Context, cbor.Map) (cbor.Map, error){
		"PutAlarmMuteRule":    s.putMuteRule,
		"GetAlarmMuteRule":    s.getMuteRule,
		"DeleteAlarmMuteRule": s.deleteMuteRule,
	}
	call, ours := calls[operation]
	if !ours {
		return nil
	}
	return func(w http.ResponseWriter) {
		var out cbor.Map
		decoded, err := cbor.Decode(body)
		in, isMap := decoded.(cbor.Map)
		switch {
		case err != nil || !isMap:
			err = refuse("SerializationException", "the body isn't a map in CBOR")
		default:
			out, err = call(ctx, in)
		}
		status := http.StatusOK
		if err != nil {
			r := coded(err, "ValidationException")
			status, out = http.StatusBadRequest, cbor.Map{"__type": cbor.String("com.amazonaws.cloudwatch#" + r.Code), "message": cbor.String(r.Message)}
		}
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.Header().Set("Content-Type", "application/cbor")
		w.WriteHeader(status)
		_, _ = w.Write(cbor.Encode(out))
	}
}

func text(m cbor.Map, name string) string {
	v, _ := m[name].(cbor.String)
	return string(v)
}

func within(m cbor.Map, name string) cbor.Map {
	v, _ := m[name].(cbor.Map)
	return v
}

func (s *Server) putMuteRule(ctx context.Context, in cbor.Map) (cbor.Map, error) {
	rule := run.MuteRule{Name: text(in, "Name")}
	names, _ := within(in, "MuteTargets")["AlarmNames"].(cbor.List)
	for _, n := range names {
		name, _ := n.(cbor.String)
		rule.Alarms = append(rule.Alarms, string(name))
	}
	schedule := within(within(in, "Rule"), "Schedule")
	var err error
	if rule.From, err = time.Parse("at(2006-01-02T15:04)", text(schedule, "Expression")); err != nil || text(schedule, "Timezone") != "UTC" {
		return nil, refuse("ValidationException", "the schedule %q in %q", text(schedule, "Expression"), text(schedule, "Timezone"))
	}
	if rule.For, err = duration(text(schedule, "Duration")); err != nil {
		return nil, err
	}
	return cbor.Map{}, s.world.Alarms().Mute(ctx, rule)
}

var isoDuration = regexp.MustCompile(`^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$`)

// duration reads one of ISO 8601, such as P1DT2H30M.
func duration(text string) (d time.Duration, err error) {
	parts := isoDuration.FindStringSubmatch(text)
	if parts == nil {
		return 0, refuse("ValidationException", "the duration %q", text)
	}
	for n, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute} {
		count, _ := strconv.Atoi("0" + parts[n+1])
		d += time.Duration(count) * unit
	}
	return d, nil
}

func (s *Server) getMuteRule(_ context.Context, in cbor.Map) (out cbor.Map, err error) {
	name := text(in, "AlarmMuteRuleName")
	s.world.Do(func() {
		status, found := s.world.MuteRules()[name]
		if !found {
			err = refuse("ResourceNotFoundException", "there is no mute rule %q", name)
			return
		}
		out = cbor.Map{"Name": cbor.String(name), "Status": cbor.String(status)}
	})
	return out, err
}

func (s *Server) deleteMuteRule(ctx context.Context, in cbor.Map) (out cbor.Map, err error) {
	name := text(in, "AlarmMuteRuleName")
	if _, err := s.getMuteRule(ctx, in); err != nil {
		return nil, err
	}
	return cbor.Map{}, s.world.Alarms().Unmute(ctx, name)
}
