package standin

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"quickstep/shared/report"
	"quickstep/shared/run"
	"quickstep/shared/transient"
)

// describeInstanceInformation lists managed nodes by id or by tag.
func (s *Server) describeInstanceInformation(ctx context.Context, body []byte) (any, error) {
	var in struct {
		Filters []struct {
			Key    string
			Values []string
		}
		NextToken string
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, refuse("SerializationException", "%v", err)
	}
	var chosen report.Selection
	for _, f := range in.Filters {
		switch {
		case f.Key == "InstanceIds":
			chosen.IDs = append(chosen.IDs, f.Values...)
		case f.Key == "tag-key", strings.HasPrefix(f.Key, "tag:"):
			chosen.Tags = append(chosen.Tags, report.Target{Key: f.Key, Values: f.Values})
		default:
			return nil, refuse(
				"InvalidInstanceInformationFilterValue",
				"the filter %q is none of those that are used here",
				f.Key,
			)
		}
	}
	all, err := s.world.SSM().Nodes(ctx, chosen)
	if err != nil {
		return nil, err
	}
	return listed("InstanceInformationList", all, in.NextToken, func(_ int, n report.Node) object {
		ping := "ConnectionLost"
		if n.Online {
			ping = "Online"
		}
		return object{"InstanceId": n.ID, "ComputerName": n.Name, "PlatformName": n.Platform, "PingStatus": ping}
	})
}

func (s *Server) describePatchStates(ctx context.Context, body []byte) (any, error) {
	var in struct {
		IDs   []string `json:"InstanceIds"`
		Token string   `json:"NextToken"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, refuse("SerializationException", "%v", err)
	}
	if len(in.IDs) > 50 {
		return nil, refuse("ValidationException", "%d ids are more than 50", len(in.IDs))
	}
	all, err := s.world.SSM().States(ctx, in.IDs)
	if err != nil {
		return nil, err
	}
	return listed("InstancePatchStates", all, in.Token, func(_ int, p report.State) object {
		return object{
			"InstanceId": p.ID,
			"BaselineId": p.Baseline,
			"PatchGroup": p.Group,
			"SnapshotId": p.Snapshot,
			"Operation":  p.Operation,
			"OperationStartTime": seconds(
				p.Ended,
			),
			"OperationEndTime":            seconds(p.Ended),
			"InstalledCount":              p.Installed,
			"MissingCount":                p.Missing,
			"FailedCount":                 p.Failed,
			"InstalledPendingRebootCount": p.PendingReboot,
		}
	})
}

// seconds is a time as JSON 1.1 writes it; what isn't known is 1970.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

// describePatches gives the world's own pages, whose tokens can expire.
func (s *Server) describePatches(ctx context.Context, body []byte) (any, error) {
	var in struct {
		ID      string `json:"InstanceId"`
		Filters []struct {
			Key    string
			Values []string
		}
		Token string `json:"NextToken"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, refuse("SerializationException", "%v", err)
	}
	var states []string
	for _, f := range in.Filters {
		if f.Key != "State" {
			return nil, refuse("InvalidFilter", "the filter %q is none of those that are used here", f.Key)
		}
		states = append(states, f.Values...)
	}
	all, next, err := s.world.SSM().Patches(ctx, in.ID, states, in.Token)
	switch {
	case errors.Is(err, report.ErrToken):
		return nil, refuse("InvalidNextToken", "%v", err)
	case errors.Is(err, run.ErrUnmanaged):
		return nil, refuse("InvalidInstanceId", "%v", err)
	case transient.IsNotApplied(err):
		return nil, refuse("ThrottlingException", "Rate exceeded")
	case err != nil:
		return nil, err
	}
	list := []object{}
	for _, p := range all {
		list = append(
			list,
			object{
				"Title":          p.Title,
				"KBId":           p.KB,
				"Classification": p.Classification,
				"Severity":       p.Severity,
				"State":          p.State,
				"InstalledTime":  seconds(p.Installed),
				"CVEIds":         p.CVEs,
			},
		)
	}
	out := object{"Patches": list}
	if next != "" {
		out["NextToken"] = next
	}
	return out, nil
}

// describeBaselines lists AWS's own by their ARNs, as AWS does.
func (s *Server) describeBaselines(ctx context.Context, body []byte) (any, error) {
	var in struct {
		Token string `json:"NextToken"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, refuse("SerializationException", "%v", err)
	}
	names, err := s.world.SSM().Baselines(ctx)
	if err != nil {
		return nil, err
	}
	ids := slices.Sorted(maps.Keys(names))
	return listed("BaselineIdentities", ids, in.Token, func(_ int, id string) object {
		listed := id
		if strings.HasPrefix(names[id], "AWS-") {
			listed = "arn:aws:ssm:us-east-1:075727635805:patchbaseline/" + id
		}
		return object{"BaselineId": listed, "BaselineName": names[id]}
	})
}
