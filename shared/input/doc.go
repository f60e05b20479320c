// Package input reads what people write: requests, fleets' parameters, commands and survey requests
// are JSON objects of texts, amounts ("25%"), durations ("90s") and HTTP status codes ("200-299").
// Whatever can't be meant is refused by a FieldError, which names the field, what is wrong with it,
// and what would be right. All of it is pure: no context, no clock, no AWS.
package input
