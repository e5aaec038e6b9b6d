package manifests

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
)

const root = "../../.."

func sets(t *testing.T) []Set {
	t.Helper()
	built, err := Sets(root)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// edited is a set with one place changed; a place that is not there once is a fault of the test.
func edited(t *testing.T, set Set, old, new string) Set {
	t.Helper()
	if count := strings.Count(string(set.YAML), old); count != 1 {
		t.Fatalf("%q stands in %s %d times", old, set.Name, count)
	}
	return Set{set.Name, []byte(strings.Replace(string(set.YAML), old, new, 1))}
}

func kindsOf(objects []runtime.Object) string {
	var names []string
	for _, object := range objects {
		names = append(names, object.GetObjectKind().GroupVersionKind().Kind)
	}
	return strings.Join(names, " ")
}

func TestEverySetIsAcceptedWhole(t *testing.T) {
	for _, set := range sets(t) {
		if count, err := Check(set); err != nil || count != 6 {
			t.Errorf("%s: %d objects, %v", set.Name, count, err)
		}
	}
}

func TestTheFileAndItsKustomizationAreTheSameObjects(t *testing.T) {
	built := sets(t)
	for _, set := range built[1:] {
		objects, err := Decode(set.YAML)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range []string{"Namespace", "ServiceAccount", "ConfigMap", "PersistentVolumeClaim", "NetworkPolicy", "CronJob"} {
			if strings.Count(" "+kindsOf(objects)+" ", " "+kind+" ") != 1 {
				t.Errorf("%s has not one %s but: %s", set.Name, kind, kindsOf(objects))
			}
		}
	}
}

func TestWhatTheAPIServerWouldRefuseIsRefused(t *testing.T) {
	file := sets(t)[0]
	for what, place := range map[string]struct{ old, new, says string }{
		"a typo at the top":                {"automountServiceAccountToken: false\n---", "automountServiceAcountToken: false\n---", `unknown field "automountServiceAcountToken"`},
		"a typo in the spec":               {"concurrencyPolicy: Forbid", "concurencyPolicy: Forbid", `unknown field "spec.concurencyPolicy"`},
		"a typo in the Job":                {"  backoffLimit: 2", "  backofLimit: 2", `unknown field "spec.jobTemplate.spec.backofLimit"`},
		"a typo in a rule of the Job":      {"onPodConditions:", "onPodCondition:", `podFailurePolicy.rules[1].onPodCondition"`},
		"a typo in the container":          {"readOnlyRootFilesystem:", "readOnlyRootFileSystem:", `containers[0].securityContext.readOnlyRootFileSystem"`},
		"a typo in a volume, ten deep":     {"emptyDir: { sizeLimit:", "emptyDir: { sizelimit:", `volumes[3].emptyDir.sizelimit"`},
		"a typo in the network policy":     {"except: [10.0.0.0/8", "exept: [10.0.0.0/8", `spec.egress[1].to[0].ipBlock.exept"`},
		"a field that is there twice":      {"  timeZone: Etc/UTC", "  timeZone: Etc/UTC\n  timeZone: Etc/UTC", `"timeZone" already set`},
		"text for a number":                {"activeDeadlineSeconds: 780", "activeDeadlineSeconds: 13m", "cannot unmarshal string"},
		"a kind that does not exist":       {"kind: CronJob\n", "kind: CronJobs\n", `no kind "CronJobs"`},
		"a version that is gone":           {"apiVersion: batch/v1\n", "apiVersion: batch/v1beta1\n", "no validation"},
		"a schedule that is none":          {`"*/15 * * * *"`, `"*/15 * * *"`, "spec.schedule"},
		"a time zone that is none":         {"timeZone: Etc/UTC", "timeZone: Mars/Olympus", "spec.timeZone"},
		"a restart in place":               {"restartPolicy: Never", "restartPolicy: OnFailure", "spec.jobTemplate.spec.template.spec.restartPolicy"},
		"a rule for another container":     {"- action: Count\n            onExitCodes: { containerName: adjust-s2s", "- action: Count\n            onExitCodes: { containerName: adjust", "must be one of the container"},
		"an exit code twice":               {"values: [1, 75]", "values: [75, 75]", "Duplicate value"},
		"an index rule without indexes":    {"- action: FailJob", "- action: FailIndex", "backoffLimitPerIndex"},
		"a mount of a volume that is none": {"{ name: tmp, mountPath", "{ name: temp, mountPath", `volumeMounts[3].name: Not found: "temp"`},
		"a request above its limit":        {"memory: 512Mi", "memory: 2Gi", "must be less than or equal to memory limit"},
		"an address range that is none":    {"cidr: 169.254.169.252/32", "cidr: 169.254.169.252/33", "spec.egress[3].to[0].ipBlock.cidr"},
		"a pod that may be root":           {"runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot"},
		"a capability that is kept":        {"drop: [ALL]", "drop: [NET_RAW]", "unrestricted capabilities"},
		"a namespace that lets all in":     {"enforce: restricted", "enforce: baseline", "does not enforce"},
	} {
		t.Run(what, func(t *testing.T) {
			_, err := Check(edited(t, file, place.old, place.new))
			if err == nil {
				t.Fatal("it was accepted")
			}
			if !strings.Contains(err.Error(), place.says) {
				t.Errorf("it says nothing of %q:\n%v", place.says, err)
			}
		})
	}
}

func TestAKustomizationIsReadStrictly(t *testing.T) {
	for what, text := range map[string]string{
		"a field that is none":         "resources: [../repository]\ncomponent: [../repository/k8s/sharded]\n",
		"a folder that is not there":   "resources: [../repository]\ncomponents: [../repository/k8s/shard]\n",
		"a component without its base": "components: [../repository/k8s/sharded]\n",
		"a patch of what is not there": "resources: [../repository]\npatches: [{ patch: '[{op: remove, path: /spec}]', target: { kind: CronJob }, patth: x }]\n",
	} {
		t.Run(what, func(t *testing.T) {
			if _, err := Kustomize(root, text); err == nil {
				t.Error("it was built")
			}
		})
	}
}

func TestABaseKeepsItsMeaningUnderAnotherNamespaceAndImage(t *testing.T) {
	yaml, err := Kustomize(root, "namespace: marketing\nresources: [../repository]\nimages: [{ name: europe-docker.pkg.dev/my-project/adjust-s2s/adjust-s2s, newName: registry.example/s2s, newTag: 1.2.3 }]\n")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Check(Set{"a user's own", yaml}); err != nil {
		t.Error(err)
	}
	if text := string(yaml); strings.Contains(text, "namespace: adjust-s2s") || !strings.Contains(text, "image: registry.example/s2s:1.2.3\n") {
		t.Errorf("namespace or image is as before:\n%s", text)
	}
}
