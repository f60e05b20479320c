package sanitize

// Error makes an error fit to be shown to whoever called. One whose text is fit already stays as it
// is, for Lambda tells the name of its type as well.
func Error(err error) error {
	if err == nil {
		return nil
	}
	if fit := text(err); fit != err.Error() {
		return &shown{fit, err}
	}
	return err
}

// text is an error's text, made fit. An error that consists of several texts may have made each of
// them fit itself: it may be longer than one.
func text(err error) string {
	if parts, ok := err.(interface{ Sanitized() string }); ok {
		return parts.Sanitized()
	}
	return Text(err.Error())
}

// shown is an error by a text that is fit.
type shown struct {
	text string
	err  error
}

func (s *shown) Error() string { return s.text }
func (s *shown) Unwrap() error { return s.err }
