package template_test

import (
	"reflect"
	"strings"
	"testing"

	"quickstep/tests/template"
)

// output resolves one value, as the output V of a small template.
func output(value string, params map[string]string) (any, error) {
	stack, err := template.Parse([]byte(`
Parameters:
  Word: { Type: String, Default: red }
  List: { Type: CommaDelimitedList, Default: "a, b" }
Conditions:
  IsRed: !Equals [!Ref Word, red]
  IsBlue: !And [!Not [!Condition IsRed], !Equals [!Join ["", !Ref List], ab]]
Resources:
  DrainQueue: { Type: AWS::SQS::Queue }
  Table: { Type: AWS::DynamoDB::Table }
  AlarmTopic: { Type: AWS::SNS::Topic }
  Strange: { Type: AWS::S3::Bucket }
Outputs:
  V: `+value+"\n"), params)
	if err != nil {
		return nil, err
	}
	return stack.Outputs["V"], nil
}

func TestIntrinsicFunctions(t *testing.T) {
	blue := map[string]string{"Word": "blue"}
	for _, c := range []struct {
		name, value string
		params      map[string]string
		want        any
	}{
		{"a parameter's default", "!Ref Word", nil, "red"},
		{"a parameter that is given", "!Ref Word", blue, "blue"},
		{"a list", "!Ref List", nil, []any{"a", "b"}},
		{"the long form", `{ "Fn::Sub": "${Word}!" }`, nil, "red!"},
		{"a queue's URL", "!Ref DrainQueue", nil, "queue:drain"},
		{"a queue's ARN", "!GetAtt DrainQueue.Arn", nil, "arn:queue:drain"},
		{"a topic", "!Ref AlarmTopic", nil, "topic:alarm"},
		{"the table", "!Ref Table", nil, "table"},
		{"names in a text", "!Sub '${AWS::StackName} ${Word} ${DrainQueue.Arn} ${!Word}'", nil, "quickstep red arn:queue:drain ${Word}"},
		{"names of its own in a text", "!Sub ['${Word} ${Mine}', { Mine: !Ref Table }]", nil, "red table"},
		{"a name of its own that hides a parameter", "!Sub ['${Word}', { Word: own }]", nil, "own"},
		{"one of a list", "!Select [1, !Ref List]", nil, "b"},
		{"a text as a list", "!Split ['/', 'a/b/']", nil, []any{"a", "b", ""}},
		{"a piece of the stack's id", `!Select [0, !Split ["-", !Select [2, !Split ["/", !Ref AWS::StackId]]]]`, nil, "5b918d10"},
		{"a join", "!Join ['-', [x, !Ref Word]]", nil, "x-red"},
		{"a condition that holds", "!If [IsRed, 1, 2]", nil, 1},
		{"one that doesn't", "!If [IsRed, 1, 2]", blue, 2},
		{"not and and", "!If [IsBlue, 1, 2]", blue, 1},
		{"a value that isn't there", "{ A: !If [IsRed, !Ref AWS::NoValue, 1], B: [!Ref AWS::NoValue, 2] }", nil, map[string]any{"B": []any{2}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := output(c.value, c.params); err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, %v, want %v", got, err, c.want)
			}
		})
	}
}

func TestWhatIsntKnownIsAnError(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"an intrinsic function", "!FindInMap [a, b, c]", "FindInMap: this intrinsic function is not supported"},
		{"its long form", `{ "Fn::Base64": x }`, "Base64: this intrinsic function is not supported"},
		{"a name", "!Ref Nobody", "there is no parameter or resource Nobody"},
		{"a name in a text", "!Sub '${Nobody}'", "there is no parameter or resource Nobody"},
		{"an attribute", "!GetAtt DrainQueue.Depth", "attribute Depth of DrainQueue isn't known"},
		{"a reference to a resource that means nothing here", "!Ref Strange", "AWS::S3::Bucket"},
		{"a condition", "!If [IsGreen, 1, 2]", "there is no condition IsGreen"},
		{"an element that isn't there", "!Select [2, !Ref List]", "there is no element 2 among 2"},
		{"a list to split", "!Split [',', !Ref List]", "needs a string"},
		{"a list of texts", "!Sub [a, b]", "needs a string, or a string and a mapping"},
		{"a list in a text", "!Sub '${List}'", "List isn't a string"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := output(c.value, nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, %v, want %q in it", got, err, c.want)
			}
		})
	}
	t.Run("a parameter", func(t *testing.T) {
		if _, err := output("x", map[string]string{"Wrod": "red"}); err == nil || !strings.Contains(err.Error(), "there is no parameter Wrod") {
			t.Errorf("got %v", err)
		}
	})
}
