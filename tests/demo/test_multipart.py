from server.demo import multipart


def test_a_file_that_would_pass_the_limit_opens_the_next_batch():
    sizes = {"1.jpg": 4, "2.jpg": 6, "3.jpg": 1, "4.jpg": 30, "5.jpg": 1}

    assert multipart.batches(sizes, 10) == [["1.jpg", "2.jpg"], ["3.jpg"], ["4.jpg"], ["5.jpg"]]


def test_a_form_without_files_is_one_request():
    assert multipart.batches({}, 10) == [[]]


def test_a_batch_holds_101_files_at_most():
    sizes = {f"{number}.jpg": 1 for number in range(205)}

    assert [len(batch) for batch in multipart.batches(sizes, 10_000)] == [101, 101, 3]


def test_names_go_raw_and_only_quotes_are_escaped():
    parts = [multipart.form_part(b"<a/>", "Phiếu hộ.xml"), multipart.file_part('ả"nh.jpg', b"x")]

    body, kind = multipart.encode([*parts, multipart.more_to_come()], boundary="b")

    assert kind == "multipart/form-data; boundary=b"
    assert body.decode() == (
        '--b\r\nContent-Disposition: form-data; name="xml_submission_file"; '
        'filename="Phiếu hộ.xml"\r\nContent-Type: text/xml\r\n\r\n<a/>\r\n'
        '--b\r\nContent-Disposition: form-data; name="ả%22nh.jpg"; filename="ả%22nh.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\nx\r\n"
        '--b\r\nContent-Disposition: form-data; name="*isIncomplete*"\r\n\r\nyes\r\n--b--\r\n'
    )
