// This device's camera.

const SIDE_MAX = 1280;
const canvas = document.createElement("canvas");

/** Show the camera in a video element. Throws an Error with words for people. */
export async function start(video) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Error(
      "The browser gives its camera to https pages alone: start the server with --tls-cert and --tls-key.");
  }
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({
      audio: false, video: { width: { ideal: 1280 }, height: { ideal: 720 } } });
  } catch (error) {
    const why = {
      NotAllowedError: "The camera was not allowed: allow it beside the address, then try again.",
      NotFoundError: "This device has no camera.",
      NotReadableError: "The camera is in use by another program: close that, then try again.",
    };
    throw new Error(why[error.name] ?? `The camera cannot be used (${error.name}).`);
  }
  await video.play();
}

export function stop(video) {
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
}

/** The picture that is shown now, as a JPEG. */
export function shot(video) {
  const scale = Math.min(1, SIDE_MAX / Math.max(video.videoWidth, video.videoHeight));
  canvas.width = Math.max(1, Math.round(video.videoWidth * scale));
  canvas.height = Math.max(1, Math.round(video.videoHeight * scale));
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise((done, failed) => {
    canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("The camera gave no picture."))),
      "image/jpeg", 0.9);
  });
}
