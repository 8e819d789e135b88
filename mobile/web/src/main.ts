import { mount } from "svelte";
import "./components/colours.css";
import "./app.css";
import "./components/paper.css";
import App from "./App.svelte";

const place = document.getElementById("pages");
if (place) mount(App, { target: place });
