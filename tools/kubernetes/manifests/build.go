// Package manifests reads what a user would apply and says what the API server would refuse, without one.
package manifests

import (
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Set is what one command applies.
type Set struct {
	Name string
	YAML []byte
}

// Sets builds everything that the documentation tells people to apply from the repository at root: the file itself, and what kustomize
// makes of it, with and without the component.
func Sets(root string) ([]Set, error) {
	file, err := os.ReadFile(filepath.Join(root, "cron.yaml"))
	if err != nil {
		return nil, err
	}
	sets := []Set{{"kubectl apply -f cron.yaml", file}}
	for _, overlay := range []struct{ name, kustomization string }{
		{"kubectl apply -k .", "resources: [../repository]\n"},
		{"k8s/sharded", "resources: [../repository]\ncomponents: [../repository/k8s/sharded]\n"},
	} {
		yaml, err := Kustomize(root, overlay.kustomization)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", overlay.name, err)
		}
		sets = append(sets, Set{overlay.name, yaml})
	}
	return sets, nil
}

// Kustomize builds a kustomization that stands in a folder beside `repository`, as a user's own does: kustomize refuses one within its base.
func Kustomize(root, kustomization string) ([]byte, error) {
	disk := filesys.MakeFsInMemory()
	for _, name := range []string{"cron.yaml", "kustomization.yaml", "k8s/sharded"} {
		if err := copyInto(disk, root, name); err != nil {
			return nil, err
		}
	}
	if err := disk.WriteFile("/own/kustomization.yaml", []byte(kustomization)); err != nil {
		return nil, err
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(disk, "/own")
	if err != nil {
		return nil, err
	}
	return built.AsYaml()
}

func copyInto(disk filesys.FileSystem, root, name string) error {
	return filepath.WalkDir(filepath.Join(root, name), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return disk.WriteFile("/repository/"+filepath.ToSlash(relative), text)
	})
}
