"""FsxProtection and a team's defaults, as Python users have them.

Those of TypeScript are in test/fsx-protection.test.ts, test/protection-rule.test.ts and
test/latest/property-injection.test.ts.
"""

import re
import unittest
from pathlib import Path

import jsii
from aws_cdk import (
    Annotations,
    App,
    Duration,
    IPropertyInjector,
    PropertyInjectors,
    RemovalPolicy,
    Stack,
    Stage,
    assertions,
    aws_ec2 as ec2,
    aws_fsx as fsx,
    aws_logs as logs,
)
from cdk_fsx_backup import BackupSource, FsxBackup, FsxBackupProvider, FsxFinalBackup, FsxProtection

PAGE = Path(__file__).parents[2] / "docs/organisations.md"
ID = "fs-0498eed5fe91001ec"


def file_system(scope, id="Data"):
    return fsx.CfnFileSystem(scope, id, file_system_type="OPENZFS", subnet_ids=["subnet-1"])


def resources(stack, of_type):
    return assertions.Template.from_stack(stack).find_resources(of_type)


def properties(stack, of_type="Custom::FsxBackup"):
    """Those of the only resource of a type."""
    [resource] = resources(stack, of_type).values()
    return resource["Properties"]


def findings(stack, level):
    """What is said of this library: where, and what."""
    find = getattr(assertions.Annotations.from_stack(stack), f"find_{level}")
    found = find("*", assertions.Match.string_like_regexp("FsxProtection"))
    return [(message.id, message.entry.data) for message in found]


class TestCase(unittest.TestCase):
    def setUp(self):
        self.app = App()
        self.stack = Stack(self.app, "Files")


class Protection(TestCase):
    def test_add_gives_backups_as_said(self):
        file_system(self.stack)
        FsxProtection.of(self.app).add(keep_last=7, timeout=Duration.hours(2))
        guard = properties(self.stack)
        self.assertEqual(guard["KeepLast"], "7")
        self.assertEqual(guard["TimeoutSeconds"], "7200")
        self.assertEqual(guard["DeployedFileSystem"], "Data")
        self.assertEqual(properties(self.stack, "Custom::FsxFinalBackup")["FileSystemId"], {"Ref": "Data"})
        continuations = resources(self.stack, "Custom::FsxBackupContinuation")
        self.assertEqual(
            sorted(each["Properties"]["TimeoutSeconds"] for each in continuations.values()), ["3900", "600"]
        )
        [data] = resources(self.stack, "AWS::FSx::FileSystem").values()
        guards = [*resources(self.stack, "Custom::FsxBackup"), *continuations]
        self.assertEqual(sorted(data["DependsOn"]), sorted(guards))

    def test_add_gives_one_kind_alone(self):
        file_system(self.stack)
        FsxProtection.of(self.app).add(before_change=False)
        self.assertEqual(len(resources(self.stack, "Custom::FsxFinalBackup")), 1)
        self.assertEqual(resources(self.stack, "Custom::FsxBackup"), {})

    def test_none_leaves_out_and_shows_why(self):
        FsxProtection.of(self.app).add()
        FsxProtection.of(self.app).require(as_errors=True)
        FsxProtection.of(file_system(self.stack)).none("a copy")
        self.assertEqual(
            findings(self.stack, "info"),
            [("/Files/Data", '"Files/Data" has no backups of FsxProtection: a copy')],
        )
        self.assertEqual(findings(self.stack, "error"), [])
        for kind in ["Custom::FsxBackup", "Custom::FsxFinalBackup"]:
            self.assertEqual(resources(self.stack, kind), {})

    def test_the_nearest_scope_decides(self):
        FsxProtection.of(self.app).add(keep_last=7)
        FsxProtection.of(self.stack).add(keep_last=3)
        file_system(self.stack)
        self.assertEqual(properties(self.stack)["KeepLast"], "3")

    def test_a_stage(self):
        class Production(Stage):
            def __init__(self, scope, id):
                super().__init__(scope, id)
                FsxProtection.of(self).add(keep_last=7)
                FsxProtection.of(self).require(as_errors=True)
                self.files = Stack(self, "Files")
                file_system(self.files)

        production = Production(self.app, "Production")
        self.app.synth()
        self.assertEqual(properties(production.files)["KeepLast"], "7")
        self.assertEqual(len(resources(production.files, "Custom::FsxFinalBackup")), 1)
        self.assertEqual(findings(production.files, "error"), [])

    def test_a_stage_that_is_not_reached(self):
        FsxProtection.of(self.app).add()
        file_system(Stack(Stage(self.app, "Production"), "Files"))
        told = r'did not reach "Production/Files/Data".*FsxProtection\.of\(stage\)'
        with self.assertRaisesRegex(RuntimeError, told):
            self.app.synth()


class Rule(TestCase):
    REMEDIES = {
        "replacedWithoutBackup": r"add FsxBackup\.beforeChangeOf, or FsxProtection\.of\(scope\)\.add\(\)",
        "deletedWithoutBackup": r"add an FsxFinalBackup, or FsxProtection\.of\(scope\)\.add\(\), or retain",
    }

    def assert_found(self, found):
        self.assertEqual(len(found), len(self.REMEDIES))
        for (path, text), (id, remedy) in zip(found, self.REMEDIES.items()):
            self.assertEqual(path, "/Files/Data")
            self.assertRegex(text, rf'"Files/Data".*{remedy}.*\[ack: cdk-fsx-backup:{id}\]$')

    def test_finds_a_file_system_without_backups(self):
        file_system(self.stack)
        FsxProtection.of(self.app).require()
        self.assert_found(findings(self.stack, "warning"))
        self.assertEqual(findings(self.stack, "error"), [])

    def test_finds_errors(self):
        file_system(self.stack)
        FsxProtection.of(self.app).require(as_errors=True)
        self.assert_found(findings(self.stack, "error"))
        self.assertEqual(findings(self.stack, "warning"), [])

    def test_finds_nothing_where_there_are_backups(self):
        file_system(self.stack)
        FsxProtection.of(self.app).add()
        FsxProtection.of(self.app).require(as_errors=True)
        self.assertEqual(findings(self.stack, "error"), [])

    def test_can_be_acknowledged(self):
        for as_errors, level in [(False, "warning"), (True, "error")]:
            with self.subTest(as_errors=as_errors):
                self.setUp()
                FsxProtection.of(self.app).require(as_errors=as_errors)
                annotations = Annotations.of(file_system(self.stack))
                annotations.acknowledge_warning("cdk-fsx-backup:deletedWithoutBackup", "a copy")
                [(path, text)] = findings(self.stack, level)
                self.assertEqual(path, "/Files/Data")
                self.assertIn("cdk-fsx-backup:replacedWithoutBackup", text)


class WrongOptions(TestCase):
    def test_are_told(self):
        for call, text in [
            (lambda it: it.add(keep_last=0), r"keepLast is 0: it must be a whole number of at least 1"),
            (lambda it: it.add(keep_last=1.5), r"keepLast is 1\.5: it must be a whole number"),
            (lambda it: it.add(timeout=Duration.seconds(1)), r"timeout is 1 second: it must be from"),
            (
                lambda it: it.add(before_change=False, final_backup=False),
                r"so it adds nothing: to leave something out, use FsxProtection\.of\(construct\)\.none",
            ),
            (lambda it: it.none(""), r'"App" needs a reason: say why its data can be lost'),
            (lambda it: it.none("  "), r'"App" needs a reason: say why its data can be lost'),
        ]:
            with self.subTest(text), self.assertRaisesRegex(RuntimeError, text):
                call(FsxProtection.of(self.app))

    def test_of_another_type_are_told(self):
        for call, text in [
            (lambda it: it.add(keep_last="7"), r"keep_last must be"),
            (lambda it: it.add(timeout=7200), r"timeout must be"),
            (lambda it: it.require(as_errors="yes"), r"as_errors must be"),
        ]:
            with self.subTest(text), self.assertRaisesRegex(TypeError, text):
                call(FsxProtection.of(self.app))


class Defaults:
    """What all injectors of these tests do; their names of a class differ."""

    def __init__(self, defaults):
        self.defaults = defaults
        self.seen = []

    def inject(self, original_props, *, scope, id):
        self.seen.append((original_props, scope, id))
        given = self.defaults(scope) if callable(self.defaults) else self.defaults
        return {**given, **original_props}


@jsii.implements(IPropertyInjector)
class BackupDefaults(Defaults):
    @property
    def construct_unique_id(self):
        return FsxBackup.PROPERTY_INJECTION_ID


@jsii.implements(IPropertyInjector)
class FinalBackupDefaults(Defaults):
    @property
    def construct_unique_id(self):
        return FsxFinalBackup.PROPERTY_INJECTION_ID


@jsii.implements(IPropertyInjector)
class ProviderDefaults(Defaults):
    @property
    def construct_unique_id(self):
        return FsxBackupProvider.PROPERTY_INJECTION_ID


@jsii.implements(IPropertyInjector)
class DefaultsWithAttribute(Defaults):
    construct_unique_id = FsxBackup.PROPERTY_INJECTION_ID


def own_provider(scope):
    stack = Stack.of(scope)
    return {"provider": stack.node.try_find_child("Own") or FsxBackupProvider(stack, "Own")}


class Injection(TestCase):
    def backup(self, id="Backup", **props):
        return FsxBackup(self.stack, id, source=BackupSource.from_file_system_id(ID), **props)

    def inject(self, injector):
        PropertyInjectors.of(self.app).add(injector)
        return injector

    def test_gets_a_dict_with_names_of_typescript(self):
        defaults = self.inject(BackupDefaults({}))
        self.backup(keep_last=3, timeout=Duration.hours(1), removal_policy=RemovalPolicy.RETAIN)
        [(props, scope, id)] = defaults.seen
        self.assertIs(type(props), dict)
        self.assertEqual(sorted(props), ["keepLast", "removalPolicy", "source", "timeout"])
        self.assertEqual(props["keepLast"], 3)
        self.assertEqual(props["removalPolicy"], "retain")
        self.assertEqual(props["timeout"].to_seconds(), 3600)
        self.assertIs(scope, self.stack)
        self.assertEqual(id, "Backup")

    def test_gets_nested_properties_as_a_dict(self):
        defaults = self.inject(ProviderDefaults({}))
        vpc = ec2.Vpc(self.stack, "Vpc", max_azs=1)
        subnets = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
        FsxBackupProvider(self.stack, "Provider", vpc=vpc, vpc_subnets=subnets)
        [(props, _scope, _id)] = defaults.seen
        self.assertEqual(props["vpcSubnets"], {"subnetType": "Private"})

    def test_gives_what_is_left_out(self):
        defaults = {"keepLast": 10, "timeout": Duration.hours(2), "removalPolicy": RemovalPolicy.RETAIN}
        self.inject(BackupDefaults(defaults))
        self.backup("All")
        self.backup("None", keep_last=None)
        self.backup("Some", keep_last=3, timeout=Duration.minutes(5))
        given = [each["Properties"] for each in resources(self.stack, "Custom::FsxBackup").values()]
        self.assertEqual(
            [(each["KeepLast"], each["TimeoutSeconds"]) for each in given],
            [("10", "7200"), ("10", "7200"), ("3", "300")],
        )

    def test_gives_an_enum(self):
        self.inject(BackupDefaults({"removalPolicy": RemovalPolicy.DESTROY}))
        self.backup()
        self.assertEqual(properties(self.stack)["RemovalPolicy"], "DESTROY")

    def test_reaches_the_backups_of_protection(self):
        self.inject(BackupDefaults({"keepLast": 10, "timeout": Duration.hours(2)}))
        FsxProtection.of(self.app).add(timeout=Duration.hours(3))
        file_system(self.stack)
        guard = properties(self.stack)
        self.assertEqual(guard["KeepLast"], "10")
        self.assertEqual(guard["TimeoutSeconds"], "10800")

    def test_gives_a_provider_for_each_stack(self):
        self.inject(BackupDefaults(own_provider))
        self.inject(FinalBackupDefaults(own_provider))
        FsxProtection.of(self.app).add()
        stacks = [self.stack, Stack(self.app, "Other")]
        for stack in stacks:
            file_system(stack, "One")
            file_system(stack, "Two")
        for stack in stacks:
            kinds = ["Custom::FsxBackup", "Custom::FsxFinalBackup"]
            backups = [backup for kind in kinds for backup in resources(stack, kind).values()]
            self.assertEqual(len(backups), 4)
            for backup in backups:
                [function, _attribute] = backup["Properties"]["ServiceToken"]["Fn::GetAtt"]
                self.assertRegex(function, "^OwnFunction")

    def test_reaches_the_provider_that_backups_share(self):
        def company_logs(scope):
            return {"logGroup": logs.LogGroup.from_log_group_name(scope, "Logs", "/company/backups")}

        defaults = self.inject(ProviderDefaults(company_logs))
        self.backup()
        function = properties(self.stack, "AWS::Lambda::Function")
        self.assertEqual(function["LoggingConfig"]["LogGroup"], "/company/backups")
        self.assertEqual([id for (_props, _scope, id) in defaults.seen], ["FsxBackupDefaultProvider"])

    def test_refuses_names_of_python(self):
        self.inject(BackupDefaults({"keep_last": 10}))
        told = "a property keep_last: return it as keepLast, also in Python"
        with self.assertRaisesRegex(RuntimeError, told):
            self.backup()

    def test_is_never_called_without_a_property(self):
        defaults = self.inject(DefaultsWithAttribute({"keepLast": 10}))
        self.backup()
        self.assertEqual(defaults.seen, [])
        self.assertNotIn("KeepLast", properties(self.stack))


class Page(TestCase):
    """What docs/organisations.md says in Python, as it stands there."""

    def run_snippet(self, name):
        snippets = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
        self.assertEqual(len(snippets), 2)
        [snippet] = [each for each in snippets if name in each]
        exec(snippet, {**globals(), "app": self.app})

    def test_one_line_for_an_app(self):
        file_system(self.stack)
        self.run_snippet("FsxProtection.of(app)")
        self.assertEqual(properties(self.stack)["KeepLast"], "10")
        self.assertEqual(len(resources(self.stack, "Custom::FsxFinalBackup")), 1)

    def test_defaults_for_a_team(self):
        self.run_snippet("IPropertyInjector")
        FsxBackup(self.stack, "Backup", source=BackupSource.from_file_system_id(ID))
        backup = properties(self.stack)
        self.assertEqual(backup["KeepLast"], "10")
        self.assertEqual(backup["TimeoutSeconds"], "7200")


if __name__ == "__main__":
    unittest.main()
