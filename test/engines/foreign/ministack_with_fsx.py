"""ministack, with what it lacks for the examples.

CloudFormation's FSx resources are handed to whoever listens at FSX_RESOURCES_URL, who may also refuse the update of an ECS service. A rule of a security
group is a resource, and no more.
"""
import json
import os
import urllib.error
import urllib.request

from ministack.app import main
from ministack.services.cloudformation import provisioners

# "Update requires: Replacement", in the resource reference
REPLACED_BY = {
    "AWS::FSx::FileSystem": ("KmsKeyId", "BackupId", "SubnetIds", "SecurityGroupIds", "FileSystemTypeVersion", "FileSystemType"),
    "AWS::FSx::Volume": ("BackupId", "VolumeType"),
    "AWS::FSx::StorageVirtualMachine": ("FileSystemId", "Name", "RootVolumeSecurityStyle"),
}


def ask(**request):
    body = json.dumps(request).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(os.environ["FSX_RESOURCES_URL"], body, {"Content-Type": "application/json"})) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise ValueError(error.read().decode()) from None


def handlers(type_name):
    def create(logical_id, props, stack_name):
        made = ask(operation="create", type=type_name, logicalId=logical_id, properties=props)
        return made["physicalId"], made["attributes"]

    def update(physical_id, old_props, new_props, stack_name, logical_id=None):
        if any(old_props.get(name) != new_props.get(name) for name in REPLACED_BY[type_name]):
            created = create(logical_id, new_props, stack_name)
            provisioners._delete_predecessor(delete, physical_id, old_props)
            return created
        made = ask(operation="update", type=type_name, logicalId=logical_id, physicalId=physical_id, properties=new_props)
        return physical_id, made["attributes"]

    def delete(physical_id, props):
        ask(operation="delete", type=type_name, physicalId=physical_id, properties=props)

    return {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}


for name in REPLACED_BY:
    provisioners._RESOURCE_HANDLERS[name] = handlers(name)
service = provisioners._RESOURCE_HANDLERS["AWS::ECS::Service"]
update_service = service["update"]


def update_service_if_allowed(physical_id, old_props, new_props, stack_name, logical_id=None):
    ask(operation="check", logicalId=logical_id)
    return update_service(physical_id, old_props, new_props, stack_name)


provisioners._RESOURCE_HANDLERS["AWS::ECS::Service"] = {**service, "update": update_service_if_allowed, "update_with_logical_id": True}
provisioners._RESOURCE_HANDLERS["AWS::EC2::SecurityGroupIngress"] = {
    "create": lambda logical_id, props, stack_name: (logical_id, {}),
    "delete": lambda physical_id, props: None,
}
main()
