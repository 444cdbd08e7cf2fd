// Renders a chart as `helm template` does, with Go's templates and Sprig, for machines without Helm:
//
//	render CHART RELEASE NAMESPACE VALUES.yaml…
//
// Each file of values gives a rendering of its own; they are printed as a JSON array of {"text": …} or {"error": …}.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v3"
)

type object = map[string]interface{}

// What Helm calls Files: those of the chart that are neither templates nor its own.
type files map[string][]byte

func (f files) Get(name string) string { return string(f[name]) }

func (f files) Glob(pattern string) files {
	found := files{}
	for name, content := range f {
		if ok, _ := filepath.Match(pattern, name); ok {
			found[name] = content
		}
	}
	return found
}

// As in Helm, YAML is what JSON can say: numbers are floats.
func parseYaml(text string, into interface{}) error {
	var read interface{}
	if err := yaml.Unmarshal([]byte(text), &read); err != nil {
		return err
	}
	written, err := json.Marshal(read)
	if err != nil {
		return err
	}
	return json.Unmarshal(written, into)
}

func fromYaml(text string) (value object, err error) {
	err = parseYaml(text, &value)
	return value, err
}

func toYaml(value interface{}) (string, error) {
	written, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	var read interface{}
	if err := yaml.Unmarshal(written, &read); err != nil {
		return "", err
	}
	text, err := yaml.Marshal(read)
	return strings.TrimSuffix(string(text), "\n"), err
}

// Values over the chart's own: maps are merged, null takes a key away.
func coalesce(under, over object) object {
	merged := object{}
	for key, value := range under {
		merged[key] = value
	}
	for key, value := range over {
		one, isMap := value.(object)
		other, wasMap := merged[key].(object)
		switch {
		case value == nil:
			delete(merged, key)
		case isMap && wasMap:
			merged[key] = coalesce(other, one)
		default:
			merged[key] = value
		}
	}
	return merged
}

func readYaml(path string) (object, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	value, err := fromYaml(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return value, nil
}

func render(chart, release, namespace, path string) (string, error) {
	meta, err := readYaml(filepath.Join(chart, "Chart.yaml"))
	if err != nil {
		return "", err
	}
	values, err := readYaml(filepath.Join(chart, "values.yaml"))
	if err != nil {
		return "", err
	}
	own, err := readYaml(path)
	if err != nil {
		return "", err
	}
	values = coalesce(values, own)
	about := object{}
	for key, value := range meta {
		about[strings.ToUpper(key[:1])+key[1:]] = value
	}
	root := template.New("chart").Option("missingkey=zero")
	functions := sprig.TxtFuncMap()
	// Helm leaves these out: a chart does not see the machine.
	delete(functions, "env")
	delete(functions, "expandenv")
	added := object{
		"fromYaml": fromYaml,
		"toYaml":   toYaml,
		"fromYamlArray": func(text string) (list []interface{}, err error) {
			err = parseYaml(text, &list)
			return list, err
		},
		"fromJsonArray": func(text string) (list []interface{}, err error) {
			return list, json.Unmarshal([]byte(text), &list)
		},
		"required": func(message string, value interface{}) (interface{}, error) {
			if value == nil || value == "" {
				return nil, errors.New(message)
			}
			return value, nil
		},
		"lookup": func(...string) object { return object{} },
		"include": func(name string, data interface{}) (string, error) {
			var text strings.Builder
			err := root.ExecuteTemplate(&text, name, data)
			return text.String(), err
		},
		"tpl": func(text string, data interface{}) (string, error) {
			copied, err := root.Clone()
			if err != nil {
				return "", err
			}
			parsed, err := copied.New("tpl").Parse(text)
			if err != nil {
				return "", err
			}
			var result strings.Builder
			err = parsed.Execute(&result, data)
			return result.String(), err
		},
	}
	for name, function := range added {
		functions[name] = function
	}
	root.Funcs(functions)
	contents := files{}
	var pages []string
	err = filepath.Walk(chart, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		name, _ := filepath.Rel(chart, path)
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(name, "templates/") {
			contents[name] = text
			return nil
		}
		_, err = root.New(name).Parse(string(text))
		if base := filepath.Base(name); !strings.HasPrefix(base, "_") && base != "NOTES.txt" {
			pages = append(pages, name)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	sort.Strings(pages)
	var text bytes.Buffer
	for _, page := range pages {
		data := object{
			"Values":       values,
			"Chart":        about,
			"Files":        contents,
			"Release":      object{"Name": release, "Namespace": namespace, "Service": "Helm", "IsInstall": true, "IsUpgrade": false, "Revision": 1},
			"Capabilities": object{"KubeVersion": object{"Version": "v1.32.0", "Major": "1", "Minor": "32"}},
			"Template":     object{"Name": page, "BasePath": "templates"},
		}
		if err := root.ExecuteTemplate(&text, page, data); err != nil {
			return "", err
		}
	}
	return strings.ReplaceAll(text.String(), "<no value>", ""), nil
}

func main() {
	if len(os.Args) < 5 {
		fmt.Fprintln(os.Stderr, "usage: render CHART RELEASE NAMESPACE VALUES.yaml…")
		os.Exit(2)
	}
	answers := []object{}
	for _, path := range os.Args[4:] {
		text, err := render(os.Args[1], os.Args[2], os.Args[3], path)
		if err != nil {
			answers = append(answers, object{"error": err.Error()})
		} else {
			answers = append(answers, object{"text": text})
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
