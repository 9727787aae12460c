"""A device and a member of staff in Python: only `proto/`, grpcio-tools and cryptography, no code of gigafleet.

Enrols with a CSR, checks in over mutual TLS, repeats a report, and asks the server what it knows. Any surprise is an
exception, and so an exit code other than 0.
"""

import argparse
import glob
import json
import os
import sys
import time
import uuid

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from grpc_tools import protoc


def generate(proto: str, generated: str) -> None:
    """Makes Python modules of the contract."""
    import grpc_tools

    well_known = os.path.join(os.path.dirname(grpc_tools.__file__), "_proto")
    files = glob.glob(os.path.join(proto, "gigafleet/v1/*.proto"))
    arguments = ["protoc", f"-I{proto}", f"-I{well_known}", f"--python_out={generated}", f"--grpc_python_out={generated}"]
    if protoc.main(arguments + files) != 0:
        raise RuntimeError("the contract could not be compiled")
    sys.path.insert(0, generated)


def expect_refusal(code: grpc.StatusCode, call) -> None:
    """The call must fail with this code."""
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, f"{error.code()} instead of {code}: {error.details()}"
        return
    raise AssertionError(f"{code} was expected")


def pem(der: bytes) -> bytes:
    """A certificate as the TLS library of grpcio wants it."""
    return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)


def instance_id() -> uuid.UUID:
    """A UUIDv7, which this version of Python does not make itself."""
    random = int.from_bytes(os.urandom(10), "big")
    value = (int(time.time() * 1000) << 80) | random
    value = (value & ~(0xF << 76)) | (7 << 76)
    return uuid.UUID(int=(value & ~(0x3 << 62)) | (0x2 << 62))


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ["--proto", "--generated", "--credentials", "--token"]:
        parser.add_argument(name, required=True)
    arguments = parser.parse_args()
    generate(arguments.proto, arguments.generated)
    from gigafleet.v1 import agent_service_pb2 as agent
    from gigafleet.v1 import agent_service_pb2_grpc as agent_grpc
    from gigafleet.v1 import device_report_pb2 as report
    from gigafleet.v1 import device_service_pb2 as device
    from gigafleet.v1 import device_service_pb2_grpc as device_grpc
    from gigafleet.v1 import enrollment_service_pb2 as enrollment
    from gigafleet.v1 import enrollment_service_pb2_grpc as enrollment_grpc

    with open(arguments.credentials, encoding="utf-8") as file:
        credentials = json.load(file)
    server, authority = credentials["server"], credentials["ca_pem"].encode()

    key = ec.generate_private_key(ec.SECP256R1())
    instance = instance_id()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, str(instance))])
    csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    facts = report.Facts(maker="Python", model="grpcio", os_kind=report.OS_KIND_LINUX, agent_version="0")
    with grpc.secure_channel(server, grpc.ssl_channel_credentials(authority)) as channel:
        request = enrollment.EnrollRequest(
            token=arguments.token,
            csr_der=csr.public_bytes(serialization.Encoding.DER),
            instance_id=instance.bytes,
            facts=facts,
        )
        identity = enrollment_grpc.EnrollmentServiceStub(channel).Enroll(request, timeout=10)
        assert pem(identity.ca_certificate_der).split() == authority.split()
        # Without a certificate AgentService is closed.
        anonymous = agent_grpc.AgentServiceStub(channel)
        expect_refusal(grpc.StatusCode.UNAUTHENTICATED, lambda: anonymous.CheckIn(agent.CheckInRequest(), timeout=10))

    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    mutual = grpc.ssl_channel_credentials(authority, key_pem, pem(identity.certificate_der))
    with grpc.secure_channel(server, mutual) as channel:
        stub = agent_grpc.AgentServiceStub(channel)
        now_ms = int(time.time() * 1000)
        first = agent.CheckInRequest(
            sequence=1,
            run_id=77,
            boot_id=uuid.uuid4().bytes,
            send_time_ms=now_ms,
            monotonic_ms=60_000,
            facts_hash=1,
            full=True,
            facts=facts,
            status=report.Status(memory=report.Memory(used_percent=30)),
            transitions=[report.Transition(number=1, kind=report.TRANSITION_KIND_AGENT_STARTED, monotonic_ms=59_000, wall_time_ms=now_ms - 1_000)],
        )
        answer = stub.CheckIn(first, timeout=10)
        assert answer.outcome == agent.CHECK_IN_OUTCOME_APPLIED and answer.acknowledged_sequence == 1, answer
        assert answer.next_checkin_delay_ms > 0, answer
        plan = answer.probe_plan.version
        assert plan > 0, answer
        assert stub.CheckIn(first, timeout=10).outcome == agent.CHECK_IN_OUTCOME_DUPLICATE
        second = agent.CheckInRequest(
            sequence=2, base_sequence=1, run_id=77, send_time_ms=now_ms, monotonic_ms=61_000, facts_hash=1,
            probe_plan_version=plan
        )
        assert second.ByteSize() <= 60, second.ByteSize()
        answer = stub.CheckIn(second, timeout=10)
        assert answer.outcome == agent.CHECK_IN_OUTCOME_APPLIED and not answer.send_full_report, answer
        assert answer.ByteSize() <= 16, answer.ByteSize()
        expect_refusal(grpc.StatusCode.INVALID_ARGUMENT, lambda: stub.CheckIn(agent.CheckInRequest(), timeout=10))

    bearer = [("authorization", f"Bearer {credentials['token']}")]
    with grpc.secure_channel(server, grpc.ssl_channel_credentials(authority)) as channel:
        stub = device_grpc.DeviceServiceStub(channel)
        request = device.GetDeviceRequest(device_id=identity.device_id)
        known = stub.GetDevice(request, metadata=bearer, timeout=10).device
        assert (known.sequence, known.presence) == (2, device.PRESENCE_REPORTING), known
        expect_refusal(grpc.StatusCode.UNAUTHENTICATED, lambda: stub.GetDevice(request, timeout=10))
    print(f"device {identity.device_id}")


main()
